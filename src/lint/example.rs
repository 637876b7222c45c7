//! The fenced examples of a page, whose tags are assertions.

use crate::deployment::Kind;
use crate::page::{Fence, fences};

/// A fenced block tagged `dockerfile bad`, `dockerfile good` or `dockerfile fixed`; if `unended`
/// follows, the last line has no line break, and if `crlf` follows, all lines end as on Windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    pub verdict: Verdict,
    pub text: String,
    /// The line, from 1, of the page's body on which the fence opens.
    pub line: usize,
}

/// The assertion that a page makes about an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule reports exactly one finding.
    Bad,
    /// The rule reports nothing.
    Good,
    /// The result of the fix for the preceding `Bad`; the rule reports nothing.
    Fixed,
}

/// The examples in a Markdown text, in order. Fences with other tags are ignored.
pub fn examples(markdown: &str) -> Vec<Example> {
    fences(markdown).iter().filter_map(example).collect()
}

fn example(fence: &Fence) -> Option<Example> {
    let (tag, text) = if let Some(tag) = fence.tag.strip_suffix(" unended") {
        // A fence cannot end without a line break, so the tag removes it.
        (tag, fence.text.trim_end_matches('\n').to_owned())
    } else if let Some(tag) = fence.tag.strip_suffix(" crlf") {
        // Pages themselves have line feeds only.
        (tag, fence.text.replace('\n', "\r\n"))
    } else {
        (fence.tag.as_str(), fence.text.clone())
    };
    Some(Example {
        verdict: verdict(tag)?,
        text,
        line: fence.line,
    })
}

/// The examples of images in a Markdown text: fences tagged `image bad` or `image good`.
pub fn image_examples(markdown: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    for fence in fences(markdown) {
        let verdict = match fence.tag.as_str() {
            "image bad" => Verdict::Bad,
            "image good" => Verdict::Good,
            _ => continue,
        };
        examples.push(Example {
            verdict,
            text: fence.text,
            line: fence.line,
        });
    }
    examples
}

/// An example of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentExample {
    pub kind: Kind,
    /// The description of the image that its containers are started from.
    pub image: Option<String>,
    pub example: Example,
}

/// The examples of deployments in a Markdown text: fences tagged `compose bad`, `kubernetes good`,
/// `bake bad` and so on. A fence tagged `image` describes the image for those after it.
pub fn deployment_examples(markdown: &str) -> Vec<DeploymentExample> {
    let (mut examples, mut image) = (Vec::new(), None);
    for fence in fences(markdown) {
        if fence.tag == "image" {
            image = Some(fence.text);
            continue;
        }
        let Some((format, verdict)) = fence.tag.split_once(' ') else {
            continue;
        };
        let kind = match format {
            "compose" => Kind::Compose,
            "kubernetes" => Kind::Kubernetes,
            "bake" => Kind::Bake,
            _ => continue,
        };
        let verdict = match verdict {
            "bad" => Verdict::Bad,
            "good" => Verdict::Good,
            _ => continue,
        };
        examples.push(DeploymentExample {
            kind,
            image: image.clone(),
            example: Example {
                verdict,
                text: fence.text,
                line: fence.line,
            },
        });
    }
    examples
}

fn verdict(tag: &str) -> Option<Verdict> {
    match tag {
        "dockerfile bad" => Some(Verdict::Bad),
        "dockerfile good" => Some(Verdict::Good),
        "dockerfile fixed" => Some(Verdict::Fixed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fence_tag_is_the_verdict_of_an_example() {
        let text = "# T\n\n```dockerfile bad\nFROM a\n\nUSER root\n```\n\n\
                    ```dockerfile\nFROM b\n```\n```dockerfile good\nFROM c\n```\n";
        let found = examples(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            Example {
                verdict: Verdict::Bad,
                text: "FROM a\n\nUSER root\n".into(),
                line: 3
            }
        );
        assert_eq!(found[1].verdict, Verdict::Good);
        assert_eq!(
            examples("```dockerfile bad unended\nFROM a\n```\n")[0].text,
            "FROM a"
        );
        assert_eq!(
            examples("```dockerfile good crlf\nFROM a\n```\n")[0].text,
            "FROM a\r\n"
        );
    }
}
