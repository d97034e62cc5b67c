"""Objects of the bucket in S3."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from aita.errors import ObjectChangedError, ObjectNotFoundError, RequestError
from aita.ports import ObjectVersion, StoredObject

URL_SECONDS = 15 * 60
"""Seconds until a presigned URL or form expires."""

_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_MISSING = {"NoSuchKey", "404"}
_MADE_FROM = "made-from"
_BY = "by"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class S3Objects:
    """Objects in one bucket."""

    client: Any
    bucket: str

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        return self.get_with_etag(key)[0]

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Return an object's bytes and its ETag."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                raise ObjectNotFoundError("there is no object under the key asked for") from None
            raise
        with answer["Body"] as body:
            return body.read(), answer["ETag"]

    def get_range(self, key: str, etag: str, first: int, length: int) -> bytes:
        """Return a part of an object's bytes."""
        wanted = f"bytes={first}-{first + length - 1}"
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key, IfMatch=etag, Range=wanted)
        except ClientError as error:
            match error.response["Error"]["Code"]:
                case code if code in _MISSING:
                    raise ObjectNotFoundError("there is no object under the key asked for") from None
                case code if code in _CHANGED:
                    raise ObjectChangedError("the object was written by another since it was listed") from None
            raise
        with answer["Body"] as body:
            data: bytes = body.read()
            return data

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Write a whole object, over an existing one."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=content_type)

    def put_if(self, key: str, data: bytes, etag: str | None) -> str:
        """Write an object if the stored one has this ETag; with ``None``, if there is none. Return its new ETag."""
        return self._put_if(key, data, etag, {})

    def _put_if(self, key: str, data: bytes, etag: str | None, metadata: dict[str, str]) -> str:
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        try:
            answer = self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=data,
                ContentType="application/json",
                Metadata=metadata,
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _CHANGED | _MISSING:
                raise ObjectChangedError("the object was written by another since it was read") from None
            raise
        return str(answer["ETag"])

    def put_unless_newer(self, key: str, data: bytes, made_from: datetime) -> bool:
        """Write an object unless the stored one was made from newer material; return whether it was written.

        Raises
        ------
        ObjectChangedError
            If it changed during every try.
        """
        for _ in range(_TRIES):
            etag, present = self._made_from(key)
            if present is not None and present > made_from:
                return False
            try:
                self._put_if(key, data, etag, {_MADE_FROM: made_from.isoformat()})
            except ObjectChangedError:
                continue
            return True
        raise ObjectChangedError("the object was written by others again and again since it was read")

    def _made_from(self, key: str) -> tuple[str | None, datetime | None]:
        """Return an object's ETag and the time of its material; ``None`` for each that does not exist."""
        try:
            head = self.client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING | {"403"}:  # 403: without the right to list keys
                return None, None
            raise
        found = head.get("Metadata", {}).get(_MADE_FROM)
        return head["ETag"], datetime.fromisoformat(found) if found else None

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects under a prefix, ordered by the UTF-8 bytes of their keys."""
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield StoredObject(found["Key"], found["Size"], found["ETag"])

    def in_folder(self, folder: str) -> Iterator[StoredObject]:
        """Yield the objects directly in a folder."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=folder, Delimiter="/")
        for page in pages:
            for found in page.get("Contents", ()):
                yield StoredObject(found["Key"], found["Size"], found["ETag"])

    def folders(self) -> Iterator[str]:
        """Yield the names of the bucket's folders."""
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Delimiter="/"):
            for found in page.get("CommonPrefixes", ()):
                yield found["Prefix"].removesuffix("/")

    def presign_get(self, key: str, filename: str) -> str:
        """Return a URL that downloads the object under this file name; it expires after ``URL_SECONDS``."""
        return self._presign(filename, {"Key": key})

    def presign_post(self, key: str, content_type: str, size: int, by: str = "") -> tuple[str, dict[str, str]]:
        """Return URL and fields of a form that uploads exactly this key, type and size; it expires likewise."""
        fields = {"Content-Type": content_type} | ({f"x-amz-meta-{_BY}": by} if by else {})
        form = self.client.generate_presigned_post(
            self.bucket,
            key.replace("${filename}", "$_{filename}"),
            Fields=dict(fields),
            Conditions=[*({name: value} for name, value in fields.items()), ["content-length-range", size, size]],
            ExpiresIn=URL_SECONDS,
        )
        return form["url"], form["fields"]

    def history(self, key: str, limit: int, token: str | None) -> tuple[Sequence[ObjectVersion], str | None]:
        """Return up to ``limit`` versions of an object, newest first, and the token of those that follow."""
        after = {} if token is None else {"KeyMarker": key, "VersionIdMarker": token}
        try:
            page = self.client.list_object_versions(Bucket=self.bucket, Prefix=key, MaxKeys=limit, **after)
        except ClientError as error:
            if token is not None and error.response["Error"]["Code"] == "InvalidArgument":
                raise RequestError("next_token is not one that this list gave") from None
            raise
        found = [each for each in page.get("Versions", ()) if each["Key"] == key]
        following = page.get("NextVersionIdMarker") if page.get("NextKeyMarker") == key else None
        return [self._version(each) for each in found], following

    def _version(self, listed: dict[str, Any]) -> ObjectVersion:
        named = {"Key": listed["Key"], "VersionId": listed["VersionId"]}
        head = self.client.head_object(Bucket=self.bucket, **named)
        return ObjectVersion(
            version_id=listed["VersionId"],
            etag=listed["ETag"],
            size=listed["Size"],
            written_at=listed["LastModified"],
            is_present=listed["IsLatest"],
            by=head.get("Metadata", {}).get(_BY, ""),
        )

    def presign_version(self, key: str, version_id: str, filename: str) -> str:
        """Return a URL that downloads a version of an object under this file name; it expires likewise."""
        return self._presign(filename, {"Key": key, "VersionId": version_id})

    def _presign(self, filename: str, named: dict[str, str]) -> str:
        disposition = f'attachment; filename="{filename}"'
        parameters = {"Bucket": self.bucket, **named, "ResponseContentDisposition": disposition}
        url: str = self.client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=URL_SECONDS)
        return url
