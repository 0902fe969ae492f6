"""``AmplifyJobProviderStack``: a provider for other stacks."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct
from typing_extensions import Unpack

from .provider import AmplifyJobProvider
from .provider_options import SharedProviderOptions
from .stack_options import StackOptions, parted


class AmplifyJobProviderStackOptions(SharedProviderOptions, StackOptions, total=False):
    """The options of :class:`AmplifyJobProviderStack`."""


class AmplifyJobProviderStack(Stack):
    """A stack with a provider for the other stacks of an account and Region, also those without the CDK.

    It exports ``{stack name}-ServiceToken`` and ``{stack name}-RoleName``. A stack that uses them must attach
    a policy for its branch to the role; :meth:`AmplifyJobProvider.from_service_token` does that, if given the
    role. With ``app_ids``, builds of these apps need no policy.

    :param options: Those of :class:`AmplifyJobProvider` except shared, which is True, and these of
        ``aws_cdk.Stack``: env, stack_name, description, tags, termination_protection,
        cross_region_references, notification_arns, permissions_boundary and synthesizer.
    :raises ValueError: As :class:`AmplifyJobProvider`.
    """

    provider: AmplifyJobProvider
    """The provider."""

    def __init__(self, scope: Construct, id: str, **options: Unpack[AmplifyJobProviderStackOptions]) -> None:
        of_stack, of_provider = parted(
            "AmplifyJobProviderStack", options, SharedProviderOptions.__annotations__
        )
        super().__init__(scope, id, **of_stack)
        self.provider = AmplifyJobProvider(self, AmplifyJobProvider.ID, **of_provider, shared=True)
        exports = {"ServiceToken": self.provider.service_token, "RoleName": self.provider.role.role_name}
        for name, value in exports.items():
            CfnOutput(self, name, value=value, export_name=f"{self.stack_name}-{name}")
