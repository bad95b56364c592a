/// GRUB's environment block: 1,024 bytes of `name=value` lines, as `grub-editenv` and `save_env` keep them.
///
/// grub-core/lib/envblk.c: the signature, then lines; `\` escapes the byte after it; lines that begin
/// with `#` are comments, and `#` fills the rest.
public struct GrubEnvironment: Equatable, Sendable {
  public static let byteCount = 1024
  /// The unit that a disk writes whole or not at all, even where its logical blocks are larger.
  public static let atomicByteCount = 512
  static let signature = "# GRUB Environment Block\n"

  public struct Variable: Equatable, Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Comment lines between the signature and the first variable, such as Debian's warning, as they stand.
  var comments: [[UInt8]]
  public var variables: [Variable]

  public init() {
    comments = []
    variables = []
  }

  public subscript(name: String) -> String? { variables.first { $0.name == name }?.value }

  /// - Throws: `damaged`.
  public init(decoding bytes: [UInt8]) throws(BootControlFailure) {
    guard bytes.count == GrubEnvironment.byteCount,
      bytes.starts(with: Array(GrubEnvironment.signature.utf8))
    else {
      throw GrubEnvironment.damaged(
        bytes.isEmpty ? "it is empty" : "it is no environment block of 1024 bytes")
    }
    // GRUB's strings end there, and ours do not.
    guard !bytes.contains(0) else { throw GrubEnvironment.damaged("there is a zero byte in it") }
    self.init()
    var position = GrubEnvironment.signature.utf8.count
    while position < bytes.count {
      let (line, next) = GrubEnvironment.line(bytes, from: position)
      position = next
      guard let line else { continue }
      if line.first == UInt8(ascii: "#") {
        if variables.isEmpty { comments.append(line) }
        continue
      }
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > line.startIndex,
        let name = String(validating: line[..<equals], as: UTF8.self),
        let value = String(
          validating: GrubEnvironment.unescaped(line[(equals + 1)...]), as: UTF8.self)
      else { throw GrubEnvironment.damaged("a line of it is no variable") }
      // GRUB's `load_env` takes the last one, and `save_env` changes the first: a counter that stands twice
      // would never count.
      guard !variables.contains(where: { $0.name == name }) else {
        throw GrubEnvironment.damaged("a variable stands twice in it")
      }
      variables.append(Variable(name: name, value: value))
    }
  }

  private static func damaged(_ reason: String) -> BootControlFailure {
    BootControlFailure(
      .damaged, "the boot environment is damaged: \(reason)",
      hint: "'krux-update confirm' writes a new one for the system that is running")
  }

  /// One line from `start` as it stands, and where the next begins. Nil for the padding at the end.
  private static func line(_ bytes: [UInt8], from start: Int) -> ([UInt8]?, next: Int) {
    var position = start
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    if position < bytes.count { return (Array(bytes[start..<position]), position + 1) }
    // Without a line end: the padding of `#`. Anything else there keeps GRUB from saving, or is a variable
    // that it would not read either.
    let isPadding = bytes[start...].allSatisfy { $0 == UInt8(ascii: "#") }
    return (isPadding ? nil : [UInt8(ascii: "!")], bytes.count)
  }

  private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var escaped = false
    for byte in text {
      if byte == UInt8(ascii: "\\"), !escaped {
        escaped = true
      } else {
        result.append(byte)
        escaped = false
      }
    }
    return result
  }

  /// - Throws: `full` when the variables do not fit.
  public func encoded() throws(BootControlFailure) -> [UInt8] {
    var bytes = Array(GrubEnvironment.signature.utf8)
    for comment in comments { bytes += comment + [UInt8(ascii: "\n")] }
    for variable in variables {
      bytes += Array(variable.name.utf8) + [UInt8(ascii: "=")]
      for byte in variable.value.utf8 {
        if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\n") {
          bytes.append(UInt8(ascii: "\\"))
        }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    guard bytes.count <= GrubEnvironment.byteCount else {
      throw BootControlFailure(
        .full, "the boot environment has no room for the variables of krux-update",
        hint: "remove variables that nothing uses with 'grub-editenv FILE unset NAME'")
    }
    let padding = GrubEnvironment.byteCount - bytes.count
    return bytes + [UInt8](repeating: UInt8(ascii: "#"), count: padding)
  }
}
