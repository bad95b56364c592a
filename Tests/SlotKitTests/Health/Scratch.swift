import Foundation
import SystemPackage

/// A folder that is gone after `body`.
func withScratch<Result>(_ body: (Scratch) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(Scratch(folder: folder))
}

struct Scratch {
  let folder: URL

  func path(_ name: String) -> FilePath { FilePath(folder.appending(path: name).path) }

  func write(_ name: String, _ text: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func read(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  /// A shell script that can be run.
  ///
  /// install(1) makes it, so that no descriptor of this process writes to it: one that is inherited by a program
  /// which another test starts at that moment would make it "busy".
  func script(_ name: String, _ body: String) throws {
    try write(name + ".source", "#!/bin/sh\n\(body)\n")
    let file = folder.appending(path: name).path
    try runProgram("install", "-m", "755", file + ".source", file)
    try FileManager.default.removeItem(atPath: file + ".source")
  }

  /// Opens a new FIFO for reading. What a program writes can be waited for, and the end of all writers too.
  func fifo(_ name: String) throws -> Fifo {
    try runProgram("mkfifo", path(name).string)
    return Fifo(descriptor: open(path(name).string, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
  }
}

/// The reading end of a FIFO.
final class Fifo: Sendable {
  private let descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }
  deinit { close(descriptor) }

  /// Waits for a byte. False when none came within half a minute.
  func waitForByte() -> Bool {
    var byte: UInt8 = 0
    return wait(for: Int16(POLLIN)) && read(descriptor, &byte, 1) == 1
  }

  /// Waits until no process has the FIFO open for writing. False when one still has after half a minute.
  func waitForEnd() -> Bool { wait(for: Int16(POLLHUP)) }

  private func wait(for event: Int16) -> Bool {
    var waited = pollfd(fd: descriptor, events: event & Int16(POLLIN), revents: 0)
    return poll(&waited, 1, 30_000) == 1 && waited.revents & event != 0
  }
}
