import os
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

os.environ.update(APP_PORT="80", APP_DB__HOST="h", APP_KEY="k")
open("/tmp/.env", "w").write("APP_NAME=x\n")

class Db(BaseModel):
    host: str

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__", env_file="/tmp/.env")
    port: int
    db: Db
    key: SecretStr
    name: str

settings = Settings()
assert settings.port == 80 and settings.db.host == "h" and settings.name == "x"
