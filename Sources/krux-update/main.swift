internal import ArgumentParser
internal import Glibc
internal import SlotKit

// A reader of our output that goes away is no reason to die in the middle of an install.
signal(SIGPIPE, SIG_IGN)

Heap.keepNothingLarge()

var arguments = ProcessArguments.current
// `krux` is a link to this program: `krux update apply` means `krux-update apply`.
if ProcessArguments.programName == "krux", arguments.first == "update" { arguments.removeFirst() }

do {
  var command = try KruxUpdate.parseAsRoot(arguments)
  try command.run()
} catch {
  Report.exit(error)
}
