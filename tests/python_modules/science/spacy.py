import spacy
from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc, Span

nlp = spacy.blank("en")
nlp.add_pipe("sentencizer")
ruler = nlp.add_pipe("entity_ruler")
ruler.add_patterns([{"label": "ORG", "pattern": "Apple"}])
doc = nlp("Apple is here. It's big.")
assert [str(e) for e in doc.ents] == ["Apple"] and len(list(doc.sents)) == 2
matcher = Matcher(nlp.vocab)
matcher.add("X", [[{"LOWER": "big"}]])
assert len(matcher(doc)) == 1
nlp.to_disk("/tmp/model"); spacy.load("/tmp/model")("x")
de = spacy.blank("de"); assert len(de("Das ist gut.")) == 4
nlp = spacy.blank("en")
nlp.add_pipe("textcat").add_label("A"); nlp.initialize()
