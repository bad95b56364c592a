public import SlotCore
public import SystemPackage

/// GRUB's `grubenv` file. The steps of an update change its first 512 bytes alone, in one write.
public struct GrubStore: BootControlStore {
  public let path: FilePath
  private let defaultTries: Int
  private let files: any FileSystem

  public init(
    path: FilePath, defaultTries: Int = BootControl.defaultTries,
    files: any FileSystem = SystemFiles()
  ) {
    self.path = path
    self.defaultTries = defaultTries
    self.files = files
  }

  private func read() throws(BootControlFailure) -> [UInt8] {
    let bytes: [UInt8]?
    do {
      bytes = try files.read(path, limit: GrubEnvironment.byteCount)
    } catch Errno.fileTooLarge {
      return [UInt8](repeating: 0, count: GrubEnvironment.byteCount + 1)
    } catch {
      throw ioFailure("read", error)
    }
    guard let bytes else {
      throw BootControlFailure(
        .missing, "there is no boot environment at \(path)",
        hint: "check that the boot partition is mounted; 'krux-update confirm' writes a new one")
    }
    return bytes
  }

  private func environment(_ bytes: [UInt8]) throws(BootControlFailure) -> GrubEnvironment {
    do { return try GrubEnvironment(decoding: bytes) } catch {
      throw BootControlFailure(error.code, "\(path): \(error.message)", hint: error.hint)
    }
  }

  public func load() throws(BootControlFailure) -> BootControl {
    GrubBootControl.read(try environment(try read()), defaultTries: defaultTries)
  }

  public func save(_ control: BootControl) throws(BootControlFailure) {
    let current = try read()
    let environment = try environment(current)
    let new = try GrubBootControl.write(control, into: environment).encoded()
    switch GrubWrite(from: current, to: new) {
    case .nothing: try flush()
    case .firstSector(let sector): try overwrite(sector)
    case .newFile:
      // First the same state in the new layout, through a second file; then the change, in one sector.
      let before = GrubBootControl.read(environment, defaultTries: defaultTries)
      let relaid = try GrubBootControl.write(before, into: environment).encoded()
      try replace(relaid)
      if case .firstSector(let sector) = GrubWrite(from: relaid, to: new) {
        try overwrite(sector)
      }
    }
    try check(control)
  }

  private func check(_ control: BootControl) throws(BootControlFailure) {
    guard let read = try? load(), read == control else {
      throw BootControlFailure(
        .ioFailed, "the boot environment \(path) does not read as it was written",
        hint: "check the boot partition's file system")
    }
  }

  public func recreate(_ control: BootControl) throws(BootControlFailure) {
    try replace(try GrubBootControl.write(control, into: GrubEnvironment()).encoded())
    try check(control)
  }

  /// One `pwrite` of one sector and one flush: what a power cut leaves is all of it or nothing.
  private func overwrite(_ sector: [UInt8]) throws(BootControlFailure) {
    do { try files.overwrite(path, with: sector) } catch { throw ioFailure("write", error) }
  }

  /// What stands there already may have been written by somebody who did not get as far as this.
  private func flush() throws(BootControlFailure) {
    do { try files.flush(path) } catch { throw ioFailure("write", error) }
  }

  private func replace(_ bytes: [UInt8]) throws(BootControlFailure) {
    do {
      try files.replace(path, with: bytes, temporary: try unusedName())
    } catch { throw ioFailure("write", error) }
  }

  /// A name that a cut has left over may lead to the same clusters as the environment itself, on FAT: half a rename.
  /// To truncate or remove that would take them from under it.
  private func unusedName() throws -> FilePath {
    for number in 1...9 {
      let name = FilePath("\(path).new\(number == 1 ? "" : String(number))")
      do {
        if try files.read(name, limit: GrubEnvironment.byteCount) == nil { return name }
      } catch {}
    }
    throw Errno.fileExists
  }

  private func ioFailure(_ verb: String, _ error: any Error) -> BootControlFailure {
    let errno = error as? Errno
    return BootControlFailure(
      .ioFailed, "cannot \(verb) the boot environment \(path): \(error)",
      hint: errno == .permissionDenied || errno == .notPermitted
        ? "run the command as root" : "check that the boot partition is mounted and writable",
      systemError: errno?.rawValue)
  }
}
