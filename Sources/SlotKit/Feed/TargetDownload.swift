internal import SlotCore
internal import SystemPackage

/// One target, from the feed into a directory.
struct TargetDownload {
  let path: String
  let file: TUF.TargetFile
  /// Where it is to be.
  let destination: FilePath

  /// - Throws: `invalidValue` for a path that no file can be named after.
  init(_ path: String, _ file: TUF.TargetFile, into directory: FilePath) throws(RequestFailure) {
    let name = PercentEncoding.component(path)
    guard !["", ".", ".."].contains(name) else {
      throw RequestFailure(
        .invalidValue, "no file can have the name of the target '\(path.printable)'")
    }
    self.path = path
    self.file = file
    destination = directory.appending(name)
  }

  /// Whether the file is there, and right.
  func isThere(_ cancellation: Cancellation) throws -> Bool {
    guard Files.status(destination)?.size == file.length,
      let descriptor = try? FileDescriptor.open(destination, .readOnly, options: .closeOnExec)
    else { return false }
    return try descriptor.closeAfter {
      var check = TUF.HashCheck(file.hashes)
      let buffer = AlignedBuffer(byteCount: 1 << 20)
      while let count = try? descriptor.read(into: buffer.prefix(buffer.bytes.count)), count > 0 {
        check.update(UnsafeRawBufferPointer(buffer.prefix(count)))
        try cancellation.check()
      }
      return check.matches()
    }
  }

  /// The address of the file below `base`. In a consistent snapshot its name begins with a hash of it.
  func address(below base: String, hashed: Bool) -> String {
    guard hashed, let hash = file.hashes.first(where: \.isComputed) else {
      return base + PercentEncoding.path(path)
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let named = parts.dropLast() + ["\(hash.hex).\(parts.last ?? "")"]
    return base + PercentEncoding.path(named.joined(separator: "/"))
  }

  /// Fetches the file. It has its name once all of it is right and on the medium.
  ///
  /// - Throws: `FeedFailure`, `SourceFailure`, `OutputFailure`, `CancellationFailure`.
  func fetch(_ address: String, _ source: any FeedSource) throws {
    let output = try OutputFile(besides: destination, mode: 0o644)
    var check = TUF.HashCheck(file.hashes)
    var length: Int64 = 0
    try source.stream(address, limit: file.length) { bytes in
      length += Int64(bytes.count)
      check.update(bytes)
      try output.append(Array(bytes))
    }
    guard length == file.length else {
      throw refusal(
        .wrongLength, "has \(length) bytes, \(file.length) were announced")
    }
    guard check.matches() else { throw refusal(.wrongHash, "is not what was announced") }
    try output.publish(replacing: true)
  }

  private func refusal(_ code: FeedCode, _ sentence: String) -> FeedFailure {
    FeedFailure(
      code, "the target '\(path.printable)' \(sentence)",
      hint: "try again later, and tell the feed's publisher if it stays so")
  }
}
