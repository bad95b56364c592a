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
  }

  /// Comment lines between the signature and the first variable, such as Debian's warning.
  var comments: [String]
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
    self.init()
    var position = GrubEnvironment.signature.utf8.count
    while position < bytes.count {
      let (line, next) = GrubEnvironment.line(bytes, from: position)
      position = next
      guard let line else { continue }
      if line.first == UInt8(ascii: "#") {
        if variables.isEmpty { comments.append(String(decoding: line, as: UTF8.self)) }
        continue
      }
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > line.startIndex,
        let name = String(validating: line[..<equals], as: UTF8.self),
        let value = String(validating: line[(equals + 1)...], as: UTF8.self)
      else { throw GrubEnvironment.damaged("a line of it is no variable") }
      if !variables.contains(where: { $0.name == name }) {
        variables.append(Variable(name: name, value: value))
      }
    }
  }

  private static func damaged(_ reason: String) -> BootControlFailure {
    BootControlFailure(
      .damaged, "the boot environment is damaged: \(reason)",
      hint: "'krux-update confirm' writes a new one for the system that is running")
  }

  /// One line from `start`, unescaped, and where the next begins. Nil for the padding at the end.
  private static func line(_ bytes: [UInt8], from start: Int) -> ([UInt8]?, next: Int) {
    var line: [UInt8] = []
    var position = start
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\n") { return (line, position) }
      if byte == UInt8(ascii: "\\"), position < bytes.count {
        line.append(bytes[position])
        position += 1
      } else {
        line.append(byte)
      }
    }
    // Without a line end: the padding of `#`, or a variable that GRUB would not read either.
    return (line.first == UInt8(ascii: "#") || line.isEmpty ? nil : [UInt8(ascii: "!")], position)
  }

  /// - Throws: `full` when the variables do not fit.
  public func encoded() throws(BootControlFailure) -> [UInt8] {
    var bytes = Array(GrubEnvironment.signature.utf8)
    for comment in comments { bytes += Array((comment + "\n").utf8) }
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
