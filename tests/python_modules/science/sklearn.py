import numpy as np, pickle
from sklearn import datasets
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

x, y = datasets.load_iris(return_X_y=True)
a, b, c, d = train_test_split(x, y, random_state=1)
for model in (LogisticRegression(max_iter=500), RandomForestClassifier(5), SVC(), GradientBoostingClassifier(n_estimators=3)):
    assert make_pipeline(StandardScaler(), PCA(3), model).fit(a, c).score(b, d) > 0.7
KMeans(3, n_init=1).fit(x)
assert TfidfVectorizer().fit_transform(["a cat", "a dog cat"]).shape[0] == 2
GridSearchCV(LogisticRegression(max_iter=300), {"C": [1, 2]}, cv=2, n_jobs=1).fit(a, c)
model = pickle.loads(pickle.dumps(LogisticRegression(max_iter=500).fit(a, c)))
ColumnTransformer([("o", OneHotEncoder(), [0])]).fit(x[:, :1])
model._repr_html_()
