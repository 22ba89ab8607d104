/** Exits with 0 if Testcontainers finds a Docker engine, with 1 if not. */
import { getContainerRuntimeClient } from 'testcontainers'

process.exit(
  await getContainerRuntimeClient().then(
    () => 0,
    () => 1,
  ),
)
