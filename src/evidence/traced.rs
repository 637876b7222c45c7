//! Trials whose containers are traced: which files does a test ask for?

use std::io;

use serde_json::Value;

use super::engine::EngineError;
use super::observation::Observation;
use super::session::Session;
use super::shim::TracedRun;
use super::stand_ins::Traced;
use super::tests_of_image::Tests;
use super::tracer;
use super::tracer_files::{self, TracerFiles};
use super::trial::Trial;
use crate::image::Config;

/// The configuration with a health check that is traced. The engine starts it in the container as
/// it starts the programs of `exec`, but no test does, so that nothing else can add the tracer.
fn with_traced_healthcheck(config: &Config, tracer: &[String]) -> Config {
    let shell = match config.shell().as_slice() {
        [] => vec!["/bin/sh".to_owned(), "-c".to_owned()],
        shell => shell.iter().map(ToString::to_string).collect(),
    };
    let mut json = config.json().clone();
    // Podman takes the health check from the configuration of the container from which the image
    // was made, if that has one (libimage, `Image.Inspect`). Docker only reads the image's own.
    for place in ["container_config", "config"] {
        let test = json.pointer_mut(&format!("/{place}/Healthcheck/Test"));
        if let Some(Value::Array(test)) = test
            && let Some(program) = program_of(test, &shell)
        {
            *test = ["CMD"].map(Value::from).into();
            test.extend(tracer.iter().map(|word| Value::from(word.as_str())));
            test.extend(program.into_iter().map(Value::from));
        }
    }
    Config::new(json)
}

/// The program of a health check with its arguments; `None` for `NONE` and an empty list.
fn program_of(test: &[Value], shell: &[String]) -> Option<Vec<String>> {
    let mut words = test.iter().filter_map(Value::as_str);
    let mut program = match words.next()? {
        "CMD" => Vec::new(),
        "CMD-SHELL" => shell.to_vec(),
        _ => return None,
    };
    program.extend(words.map(str::to_owned));
    Some(program)
}

impl Session {
    /// The configuration of a test image whose health check is traced in traced runs. It only works
    /// in these.
    pub fn traced(&self, config: &Config) -> Result<Config, EngineError> {
        let tracer = tracer_files::command().map_err(EngineError::Temporary)?;
        Ok(with_traced_healthcheck(config, &tracer))
    }

    /// Runs all tests with an image that was loaded, and returns also what its programs did with
    /// which paths. `config` is the configuration of the image.
    pub fn observe(
        &self,
        tag: &str,
        tests: &Tests,
        ports: &[u16],
        config: &Config,
    ) -> Result<(Trial, Observation), EngineError> {
        let files = TracerFiles::create(self.directory(), tag).map_err(EngineError::Temporary)?;
        let image = self.image_name(tag);
        let results = files.results;
        let run = TracedRun::new(&image, &self.run_id, config, files.options, files.command);
        let stand_ins = self.directory().join(format!("engines-{tag}"));
        run.install(&stand_ins).map_err(EngineError::Temporary)?;
        let traced = Traced { run, stand_ins };
        let trial = self.run_traced(tag, tests, ports, Some(&traced))?;
        let mut observation = Observation::default();
        tracer::results(&results, &mut observation)
            .map_err(|error| EngineError::Temporary(io::Error::other(error)))?;
        Ok((trial, observation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn traced(test: &Value, shell: &Value) -> Value {
        let config = Config::new(json!({
            "config": { "Healthcheck": { "Test": test, "Retries": 2 }, "Shell": shell }
        }));
        let traced = with_traced_healthcheck(&config, &["T".to_owned()]);
        assert_eq!(traced.json()["config"]["Healthcheck"]["Retries"], 2);
        traced.json()["config"]["Healthcheck"]["Test"].clone()
    }

    #[test]
    fn a_health_check_runs_under_the_tracer_in_the_same_shell() {
        let none = Value::Null;
        assert_eq!(
            traced(&json!(["CMD", "a", "b"]), &none),
            json!(["CMD", "T", "a", "b"])
        );
        assert_eq!(
            traced(&json!(["CMD-SHELL", "a b"]), &none),
            json!(["CMD", "T", "/bin/sh", "-c", "a b"])
        );
        assert_eq!(
            traced(&json!(["CMD-SHELL", "a b"]), &json!(["/bin/bash", "-ec"])),
            json!(["CMD", "T", "/bin/bash", "-ec", "a b"])
        );
    }

    #[test]
    fn a_health_check_is_traced_wherever_an_engine_may_read_it() {
        let settings = json!({ "Healthcheck": { "Test": ["CMD", "a"] } });
        let config = Config::new(json!({ "config": settings, "container_config": settings }));
        let traced = with_traced_healthcheck(&config, &["T".to_owned()]);
        for place in ["config", "container_config"] {
            let test = &traced.json()[place]["Healthcheck"]["Test"];
            assert_eq!(*test, json!(["CMD", "T", "a"]), "{place}");
        }
    }

    #[test]
    fn an_image_without_a_health_check_gets_none() {
        for test in [json!(["NONE"]), json!([])] {
            assert_eq!(traced(&test, &Value::Null), test);
        }
        let config = Config::new(json!({}));
        assert_eq!(with_traced_healthcheck(&config, &[]), config);
    }
}
