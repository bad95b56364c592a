internal import CLinux
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// Calls on what stands in a folder that is open: no link is followed by any of them.
enum TreeFiles {
  static let capabilityAttribute = "security.capability"

  /// A folder, open until the value is gone.
  final class Folder {
    let descriptor: Int32

    init(_ path: FilePath) throws(Errno) {
      descriptor = path.withPlatformString { open($0, Folder.flags) }
      guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    }

    /// The folder `name` in `parent`.
    init(_ name: String, in parent: Folder) throws(Errno) {
      descriptor = openat(parent.descriptor, name, Folder.flags)
      guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    }

    deinit { close(descriptor) }

    private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    /// Names of what stands in it, sorted, each as bytes.
    func names() throws(Errno) -> [String] {
      // fdopendir(3) takes its descriptor for itself.
      let copy = openat(descriptor, ".", Folder.flags)
      guard copy >= 0, let stream = fdopendir(copy) else { throw Errno(rawValue: errno) }
      defer { closedir(stream) }
      var names: [String] = []
      errno = 0
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
        errno = 0
      }
      guard errno == 0 else { throw Errno(rawValue: errno) }
      return names.sorted()
    }

    func status(_ name: String) throws(Errno) -> stat {
      var status = stat()
      guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        throw Errno(rawValue: errno)
      }
      return status
    }

    /// When the bytes of `name` were last changed, in seconds.
    func modifiedAt(_ name: String) -> Int64 { klinux_modified_at(descriptor, name) }

    /// When `name` got the name or the rights that it has, in seconds.
    func changedAt(_ name: String) -> Int64 { klinux_changed_at(descriptor, name) }

    func target(ofLink name: String) throws(Errno) -> [UInt8] {
      var bytes = [CChar](repeating: 0, count: TreeLimits.linkBytes + 1)
      let count = readlinkat(descriptor, name, &bytes, bytes.count)
      guard count >= 0 else { throw Errno(rawValue: errno) }
      return bytes.prefix(count).map { UInt8(bitPattern: $0) }
    }
  }

  /// Removes `name` in `folder` with all that is in it; nothing is no error.
  static func remove(_ name: String, in folder: Folder) throws(Errno) {
    if unlinkat(folder.descriptor, name, 0) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw Errno(rawValue: errno) }
    let inner = try Folder(name, in: folder)
    // For whoever is not root, what a folder without the right to write holds cannot be removed.
    fchmod(inner.descriptor, 0o700)
    for child in try inner.names() { try remove(child, in: inner) }
    guard unlinkat(folder.descriptor, name, AT_REMOVEDIR) == 0 else {
      throw Errno(rawValue: errno)
    }
  }

  /// The attribute of an open file; empty for none.
  static func capability(of descriptor: Int32) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: TreeLimits.capabilityBytes)
    let count = klinux_get_attribute(descriptor, capabilityAttribute, &bytes, bytes.count)
    return count > 0 ? Array(bytes.prefix(Int(count))) : []
  }
}
