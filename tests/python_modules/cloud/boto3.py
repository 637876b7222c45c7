import boto3
s3 = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
assert "Signature" in s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
d = boto3.resource("dynamodb", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b", endpoint_url="http://127.0.0.1:1")
try: d.Table("t").get_item(Key={"a": "b"})
except Exception as x: assert "connect" in str(x).lower(), x
