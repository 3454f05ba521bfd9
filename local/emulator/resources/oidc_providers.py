"""AWS::IAM::OIDCProvider by the emulator's IAM: whose tokens STS takes for roles that trust it."""

from collections.abc import Mapping

from ministack.services import iam

from local.emulator.resources.registry import Properties, Provider, Provisioned, answer, tag_type

_PROVIDER = "AWS::IAM::OIDCProvider"


def types() -> Mapping[str, Provider]:
    """The type."""
    tag_type(_PROVIDER)
    return {_PROVIDER: _OidcProvider()}


class _OidcProvider:
    """AWS::IAM::OIDCProvider; Ref is its ARN, which names its host."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Create the provider.

        Raises:
            ValueError: the account has one of this URL already, as on AWS.
        """
        url = str(properties["Url"])
        parameters = {"Url": url, **_members("ClientIDList", properties.get("ClientIdList") or [])}
        parameters |= _members("ThumbprintList", properties.get("ThumbprintList") or [])
        answer(iam._create_oidc_provider(parameters), _PROVIDER)
        arn = next(arn for arn, provider in iam._oidc_providers.items() if provider["Url"] == url)
        iam._oidc_providers[arn]["Tags"] = list(properties.get("Tags") or [])
        return arn, {"Arn": arn}

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change whom tokens may be meant for and which certificates are trusted, or create that of another URL."""
        if old["Url"] != new["Url"]:
            return self.create(logical_id or physical_id, new, stack)
        iam._oidc_providers[physical_id] |= {
            "ClientIDList": list(new.get("ClientIdList") or []),
            "ThumbprintList": list(new.get("ThumbprintList") or []),
            "Tags": list(new.get("Tags") or []),
        }
        return physical_id, {"Arn": physical_id}

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """Delete the provider."""
        iam._oidc_providers.pop(physical_id, None)


def _members(name: str, values: list[str]) -> dict[str, str]:
    return {f"{name}.member.{number}": value for number, value in enumerate(values, start=1)}
