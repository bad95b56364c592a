internal import ArgumentParser
internal import SlotKit

let arguments = ProcessArguments.current
do {
  if arguments == ["--version"] { throw CleanExit.message(KruxRelease.version) }
  var command = try KruxRelease.parseAsRoot(arguments)
  try command.run()
} catch {
  Report.exit(error)
}
