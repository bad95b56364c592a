internal import Glibc
internal import SystemPackage

@testable internal import SlotKit

/// Files for what is read from files. `Fuzz/run` gives each run a folder of its own in memory, and removes it.
enum Scratch {
  private static let folder: FilePath = {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let path = FilePath(parent).appending("krux-fuzz")
    do { try Files.makeDirectory(path) } catch { fatalError("\(path): \(error)") }
    return path
  }()

  /// The file `name` with nothing but `bytes` in it.
  static func file(_ name: String, _ bytes: [UInt8]) -> FilePath {
    let path = folder.appending(name)
    write(bytes, to: path)
    return path
  }

  static func write(_ bytes: [UInt8], to path: FilePath) {
    do {
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .truncate],
        permissions: FilePermissions(rawValue: 0o600))
      _ = try file.closeAfter { try file.writeAll(bytes) }
    } catch { fatalError("\(path): \(error)") }
  }

  /// The folder `name` with nothing in it.
  static func emptyFolder(_ name: String) -> FilePath {
    let path = folder.appending(name)
    do {
      try TreeFiles.remove(name, in: try TreeFiles.Folder(folder))
      try Files.makeDirectory(path)
    } catch { fatalError("\(path): \(error)") }
    return path
  }
}
