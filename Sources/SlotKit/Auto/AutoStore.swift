public import SlotCore
public import SystemPackage

/// The files `auto.json`, what an operator chose, and `auto-state.json`, what is kept in mind, in the state directory.
public struct AutoStore: Sendable {
  public let choicePath: FilePath
  public let memoryPath: FilePath

  public init(directory: FilePath) {
    choicePath = directory.appending("auto.json")
    memoryPath = directory.appending("auto-state.json")
  }

  /// - Throws: `damagedChoice`, and `ioFailed` when the file cannot be read.
  public func choice() throws(AutoFailure) -> AutoChoice {
    let bytes: [UInt8]?
    do { bytes = try Files.read(choicePath, limit: AutoChoice.byteLimit) } catch {
      throw AutoStore.failure("read", choicePath, error)
    }
    return try bytes.map { bytes throws(AutoFailure) in try AutoChoice(decoding: bytes) }
      ?? AutoChoice()
  }

  /// Atomically and durably, as is what follows.
  ///
  /// - Throws: `ioFailed`.
  public func save(_ choice: AutoChoice) throws(AutoFailure) {
    try write(choicePath, choice.encoded)
  }

  /// What cannot be read is begun anew.
  public func memory() -> AutoMemory {
    guard let bytes = try? Files.read(memoryPath, limit: AutoMemory.byteLimit) else {
      return AutoMemory()
    }
    return AutoMemory(decoding: bytes) ?? AutoMemory()
  }

  public func save(_ memory: AutoMemory) throws(AutoFailure) {
    try write(memoryPath, memory.encoded)
  }

  private func write(_ path: FilePath, _ bytes: [UInt8]) throws(AutoFailure) {
    do {
      try Files.makeDirectory(path.removingLastComponent())
      try Files.replace(path, with: bytes)
    } catch { throw AutoStore.failure("write", path, error) }
  }

  private static func failure(_ verb: String, _ path: FilePath, _ error: any Error) -> AutoFailure {
    AutoFailure(
      .ioFailed, "cannot \(verb) \(path): \(error)", hint: "check the data partition",
      systemError: (error as? Errno)?.rawValue)
  }
}
