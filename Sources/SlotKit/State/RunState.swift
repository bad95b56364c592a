internal import SlotCore
internal import SystemPackage

/// What was seen in this boot, kept where a reboot forgets it.
struct RunState {
  let directory: FilePath
  let bootID: String

  private var path: FilePath { directory.appending("try-was-saved") }

  /// The bootloader's spent try was seen in this boot, before it was given back.
  var trySeen: Bool { Files.text(path) == bootID }

  func recordTrySeen() throws(BootControlFailure) {
    do {
      try Files.makeDirectory(directory)
      try Files.replace(path, with: Array(bootID.utf8))
    } catch {
      throw BootControlFailure(
        .ioFailed, "cannot write \(path): \(error)", hint: "run the command as root",
        systemError: (error as? Errno)?.rawValue)
    }
  }
}
