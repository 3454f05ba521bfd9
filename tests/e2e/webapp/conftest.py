"""webapp, deployed once for all tests of this folder."""

from tests.e2e.deployments import deployment_of

cloud = deployment_of("webapp")
