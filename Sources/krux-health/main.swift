internal import ArgumentParser
internal import Glibc
internal import SlotKit

signal(SIGPIPE, SIG_IGN)

do {
  var command = try KruxHealth.parseAsRoot(ProcessArguments.current)
  try command.run()
} catch {
  Output.exit(error)
}
