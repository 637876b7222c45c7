from faker import Faker
fake = Faker(["de_DE", "ja_JP", "en_US"])
Faker.seed(1)
for _ in range(3): fake.name(), fake.address(), fake.email(), fake.date_time(), fake.iban(), fake.text()
assert Faker().profile()["username"]
