/// Tar headers byte by byte (POSIX.1-1988, "ustar"): what no well-behaved program writes.
struct TarWriter {
  private(set) var bytes: [UInt8] = []

  /// - Parameters:
  ///   - type: `0` file, `1` hard link, `2` link, `3` character device, `4` block device, `5` folder, `6` fifo.
  ///   - size: what the header says, if it is not the number of bytes of `content`.
  mutating func add(
    _ name: [UInt8], type: Character = "0", content: [UInt8] = [], target: [UInt8] = [],
    mode: Int = 0o644, size: Int? = nil
  ) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], at offset: Int) {
      header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    func octal(_ number: Int, _ width: Int) -> [UInt8] {
      let digits = String(number, radix: 8)
      return Array((String(repeating: "0", count: width - digits.count) + digits).utf8)
    }
    put(Array(name.prefix(100)), at: 0)
    put(octal(mode, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(size ?? content.count, 11), at: 124)
    put(octal(1_700_000_000, 11), at: 136)
    put(Array(repeating: UInt8(ascii: " "), count: 8), at: 148)
    put(Array(String(type).utf8), at: 156)
    put(Array(target.prefix(100)), at: 157)
    put(Array("ustar".utf8) + [0] + Array("00".utf8), at: 257)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + [0], at: 148)
    bytes += header + content
    bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  mutating func add(
    _ name: String, type: Character = "0", content: String = "", target: String = "",
    mode: Int = 0o644, size: Int? = nil
  ) {
    add(
      Array(name.utf8), type: type, content: Array(content.utf8), target: Array(target.utf8),
      mode: mode, size: size)
  }

  mutating func folder(_ name: String) { add(name, type: "5", mode: 0o755) }

  /// An extended header (`x` of POSIX.1-2001) for the entry that comes next.
  mutating func extend(_ records: [(String, String)]) {
    let content = records.map { name, value in
      let rest = " \(name)=\(value)\n"
      var count = rest.utf8.count
      while "\(count)\(rest)".utf8.count != count { count = "\(count)\(rest)".utf8.count }
      return "\(count)\(rest)"
    }.joined()
    add("PaxHeader", type: "x", content: content)
  }

  /// The end mark, and zeros up to a whole block.
  var archive: [UInt8] {
    let end = bytes + [UInt8](repeating: 0, count: 1024)
    return end + [UInt8](repeating: 0, count: (4096 - end.count % 4096) % 4096)
  }
}
