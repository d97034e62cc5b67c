"""What a function or a command asks of AWS, as IAM sees it: each call's action, its resource, the table's partition."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

ACCOUNT = "123456789012"
_END_OF_SECRET = "-AbCdEf"
BUCKET, TABLE = "arn:aws:s3:::aita-test", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/aita-test"


@dataclass(frozen=True, order=True)
class Call:
    """One action on one resource; ``partition`` is what the table's partition key begins with.

    ``presigned`` is true where a URL is signed, for others to send the request.
    """

    action: str
    resource: str
    partition: str = ""
    presigned: bool = False


def record(events: Any, calls: set[Call]) -> None:
    """Keep what a client, or each client of a session, asks for, by its events; presigned requests are included."""

    def asked(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        found = _calls(model.service_model.service_name, model.name, params)
        if context.get("is_presign_request"):
            found = {replace(each, presigned=True) for each in found}
        context["asked"] = found
        calls.update(found)

    def answered(http_response: Any, parsed: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        if parsed.get("Error", {}).get("Code") == "ResourceNotFoundException":  # the ARN is made of the name alone
            calls.update(Call(each.action, each.resource.removesuffix(_END_OF_SECRET)) for each in context["asked"])
        if model.name == "HeadObject":  # the adapter takes 403 for "not there", too
            return
        if http_response.status_code == 404 and any(call.action == "s3:GetObject" for call in context["asked"]):
            calls.add(Call("s3:ListBucket", BUCKET))  # S3 answers 403 to who may not know that it is not there

    def signed(request: Any, **_: Any) -> None:
        if (form := request.context.get("s3-presign-post-fields")) is not None:
            calls.add(Call("s3:PutObject", f"{BUCKET}/{form['key']}"))

    events.register("before-parameter-build", asked)
    events.register("after-call", answered)
    events.register("before-sign.s3.PutObject", signed)


def _calls(service: str, operation: str, params: dict[str, Any]) -> set[Call]:
    match service, operation:
        case "s3", _:
            return set(_objects(operation, params))
        case "dynamodb", _:
            return set(_rows(operation, params))
        case "stepfunctions", _:
            return {Call(f"states:{operation}", params.get("stateMachineArn") or params["executionArn"])}
        case "lambda", "Invoke":
            return {Call("lambda:InvokeFunction", params["FunctionName"])}
        case "lambda", _:
            return {Call(f"lambda:{operation}", "*")}
        case "secretsmanager", _:
            name = params.get("SecretId") or params["Name"]
            secret = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{name}{_END_OF_SECRET}"
            actions = (operation, "TagResource") if params.get("Tags") else (operation,)
            return {Call(f"secretsmanager:{action}", secret) for action in actions}
        case "sts", "GetCallerIdentity":  # which nobody can be refused
            return set()
    raise AssertionError(f"{service} {operation} is a call that the tests of permissions do not know")


def _objects(operation: str, params: dict[str, Any]) -> Iterator[Call]:
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    match operation:
        case "ListObjectsV2":
            yield Call("s3:ListBucket", bucket)
        case "ListObjectVersions":
            yield Call("s3:ListBucketVersions", bucket)
        case "DeleteObjects":  # every deletion names a version
            for each in params["Delete"]["Objects"]:
                yield Call("s3:DeleteObjectVersion", f"{bucket}/{each['Key']}")
        case _ if "Key" not in params:  # a form's, which says its key as it is signed
            return
        case "GetObject" | "HeadObject":
            yield Call("s3:GetObject" + ("Version" if "VersionId" in params else ""), f"{bucket}/{params['Key']}")
        case _:
            yield Call(f"s3:{operation}", f"{bucket}/{params['Key']}")


def _rows(operation: str, params: dict[str, Any]) -> Iterator[Call]:
    match operation:
        case "TransactWriteItems":
            for each in params["TransactItems"]:
                for verb, row in each.items():
                    yield _row(f"{verb}Item", row)
        case "BatchWriteItem":
            for requests in params["RequestItems"].values():
                for request in requests:
                    for row in request.values():
                        yield _row(operation, row)
        case _:
            yield _row(operation, params)


def _row(action: str, params: dict[str, Any]) -> Call:
    found = params.get("Key") or params.get("Item") or {"pk": params.get("ExpressionAttributeValues", {}).get(":pk")}
    return Call(f"dynamodb:{action}", TABLE, found["pk"]["S"])
