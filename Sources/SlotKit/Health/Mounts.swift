internal import Glibc
public import SystemPackage

/// What is mounted, and what fstab(5) says should be. Paths are compared as they are written: no link is
/// followed.
public enum Mounts {
  /// Whether something is mounted at `path`. False when the kernel's list cannot be read.
  public static func isMountPoint(_ path: FilePath) -> Bool {
    Files.text("/proc/self/mountinfo", limit: 1 << 20).map { isMountPoint(path, in: $0) } ?? false
  }

  /// The mount point of fstab that holds `path`: not `/`, no swap, nothing `noauto`. Nil when there is none.
  public static func fstabMountPoint(
    holding path: FilePath, fstab: FilePath = "/etc/fstab"
  ) -> FilePath? {
    Files.text(fstab).flatMap { fstabMountPoint(holding: path, in: $0) }
  }

  /// The mount points of fstab that have to be mounted, and are not.
  public static func missingMountPoints(fstab: FilePath = "/etc/fstab") -> [FilePath] {
    guard let table = Files.text(fstab),
      let mountinfo = Files.text("/proc/self/mountinfo", limit: 1 << 20)
    else { return [] }
    return missingMountPoints(in: table, mountinfo: mountinfo)
  }

  static func missingMountPoints(in fstab: String, mountinfo: String) -> [FilePath] {
    fstab.split(separator: "\n").filter { !options(of: $0).contains("nofail") }
      .compactMap(mountPoint).filter { !isMountPoint($0, in: mountinfo) }
  }

  /// - Parameter mountinfo: the lines of `/proc/self/mountinfo` (proc(5)); the fifth field is the mount point.
  static func isMountPoint(_ path: FilePath, in mountinfo: String) -> Bool {
    let path = path.lexicallyNormalized()
    return mountinfo.split(separator: "\n").contains { line in
      let fields = line.split(separator: " ")
      return fields.count > 4 && FilePath(unescaped(fields[4])) == path
    }
  }

  /// - Parameter fstab: lines of device, mount point, type, options (fstab(5)).
  static func fstabMountPoint(holding path: FilePath, in fstab: String) -> FilePath? {
    let path = path.lexicallyNormalized()
    return fstab.split(separator: "\n").compactMap(mountPoint)
      .filter { path.starts(with: $0) }
      .max { $0.components.count < $1.components.count }
  }

  private static func mountPoint(of line: Substring) -> FilePath? {
    let fields = line.split { $0 == " " || $0 == "\t" }
    guard fields.count >= 3, !fields[0].hasPrefix("#"), fields[1].hasPrefix("/"),
      fields[2] != "swap"
    else { return nil }
    guard !options(of: line).contains("noauto") else { return nil }
    let point = FilePath(unescaped(fields[1])).lexicallyNormalized()
    return point.components.isEmpty ? nil : point
  }

  private static func options(of line: Substring) -> [Substring] {
    let fields = line.split { $0 == " " || $0 == "\t" }
    return fields.count > 3 ? fields[3].split(separator: ",") : []
  }

  /// Both files write a blank, a tab, a line end and a backslash as `\` and three octal digits.
  static func unescaped(_ field: Substring) -> String {
    let bytes = Array(field.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let digits = bytes[(index + 1)...].prefix(3)
      if bytes[index] == UInt8(ascii: "\\"), digits.count == 3,
        digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "7")).contains),
        let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        result.append(byte)
        index += 4
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
