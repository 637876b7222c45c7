import nltk
from nltk.metrics import edit_distance
from nltk.probability import FreqDist
from nltk.stem import PorterStemmer, SnowballStemmer
from nltk.tokenize import RegexpTokenizer, TreebankWordTokenizer
from nltk.util import ngrams

assert PorterStemmer().stem("running") == "run" and SnowballStemmer("german").stem("Häuser")
assert TreebankWordTokenizer().tokenize("It's good.") == ["It", "'s", "good", "."]
assert edit_distance("ab", "ac") == 1 and FreqDist("aab")["a"] == 2
list(ngrams([1, 2, 3], 2))
nltk.CFG.fromstring("S -> 'a' S | 'a'")
list(nltk.ChartParser(nltk.CFG.fromstring("S -> 'a' S | 'a'")).parse(["a", "a"]))
try: nltk.word_tokenize("x")
except LookupError: pass
