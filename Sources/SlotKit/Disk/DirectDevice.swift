internal import CLinux
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// A partition or an image file, read and written past the page cache (O_DIRECT) and held exclusively.
public final class DirectDevice: SlotDevice {
  public enum Access: Sendable {
    /// For the slot that is read only: it may be mounted.
    case readOnly
    /// For the target: nobody else may have it.
    case exclusive
  }

  public let name: String
  public let byteCount: UInt64
  public let alignment: Int
  private let path: FilePath
  private let file: FileDescriptor
  private let isBlockDevice: Bool
  /// False on file systems without O_DIRECT (tmpfs): then pages are dropped before they are read back.
  private let isDirect: Bool
  private let inFlight = ReadsInFlight()

  /// - Throws: `SlotFailure.notFound`, `.busy`, `.openFailed`.
  public init(_ location: SlotLocation, access: Access) throws {
    path = location.path
    name = location.displayName
    guard let status = Files.status(path) else {
      throw SlotFailure(
        .notFound, "slot \(location.slot.rawValue) is missing: there is no \(path)",
        hint: "check the partition labels, and the [slots] keys of update.toml")
    }
    isBlockDevice = status.type == .blockSpecial
    let exclusive = access == .exclusive
    let mode: FileDescriptor.AccessMode = exclusive ? .readWrite : .readOnly
    var options: FileDescriptor.OpenOptions = [.closeOnExec]
    // For block devices O_EXCL without O_CREAT means: refuse when it is mounted or claimed (open(2)).
    if exclusive, isBlockDevice { options.insert(.exclusiveCreate) }
    (file, isDirect) = try DirectDevice.open(path, mode, options)
    if exclusive, flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
      try? file.close()
      throw DirectDevice.busy(path)
    }
    do {
      (byteCount, alignment) = try DirectDevice.geometry(
        file, path, status, isDirect: isDirect)
    } catch {
      try? file.close()
      throw error
    }
  }

  deinit { try? file.close() }

  private static func open(
    _ path: FilePath, _ mode: FileDescriptor.AccessMode, _ options: FileDescriptor.OpenOptions
  ) throws -> (FileDescriptor, isDirect: Bool) {
    let direct = options.union(FileDescriptor.OpenOptions(rawValue: klinux_o_direct))
    do {
      do {
        return (try FileDescriptor.open(path, mode, options: direct), true)
      } catch Errno.invalidArgument {
        return (try FileDescriptor.open(path, mode, options: options), false)
      }
    } catch Errno.resourceBusy {
      throw busy(path)
    } catch let error as Errno {
      throw SlotFailure(
        .openFailed, "cannot open \(path): \(error)",
        hint: error == .permissionDenied || error == .notPermitted
          ? "run the command as root" : SlotFailure.diskHint,
        systemError: error.rawValue)
    }
  }

  private static func busy(_ path: FilePath) -> SlotFailure {
    SlotFailure(
      .busy, "\(path) is in use by another program or mounted",
      hint: "unmount it, or end the program that has it open")
  }

  private static func geometry(
    _ file: FileDescriptor, _ path: FilePath, _ status: Stat, isDirect: Bool
  ) throws -> (byteCount: UInt64, alignment: Int) {
    guard status.type == .blockSpecial else {
      return (UInt64(status.size), isDirect ? 4096 : 1)
    }
    var bytes: UInt64 = 0
    var block: Int32 = 0
    guard klinux_block_size_bytes(file.rawValue, &bytes) == 0,
      klinux_logical_block_bytes(file.rawValue, &block) == 0
    else {
      let error = Errno(rawValue: errno)
      throw SlotFailure(
        .openFailed, "cannot read the size of \(path): \(error)", hint: SlotFailure.diskHint,
        systemError: error.rawValue)
    }
    return (bytes, Int(block))
  }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws {
    if !isDirect {
      posix_fadvise(file.rawValue, off_t(offset), off_t(buffer.count), POSIX_FADV_DONTNEED)
    }
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      do {
        let count = try file.read(fromAbsoluteOffset: Int64(offset) + Int64(done), into: rest)
        guard count > 0 else { throw Errno.ioError }
        done += count
      } catch let error as Errno {
        throw SlotFailure.io(.readFailed, "read", path.string, at: offset + UInt64(done), error)
      }
    }
  }

  /// By `io_submit(2)`. What did not come whole that way is read once more by itself.
  public func read(_ reads: [SlotRead]) -> [Int] {
    let areMany = isDirect && reads.count > 1
    let left = areMany ? inFlight.perform(reads, of: file) : Array(reads.indices)
    return left.filter { !isRead(reads[$0]) }
  }

  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      do {
        let count = try file.write(toAbsoluteOffset: Int64(offset) + Int64(done), rest)
        guard count > 0 else { throw Errno.ioError }
        done += count
      } catch let error as Errno {
        throw SlotFailure.io(.writeFailed, "write", path.string, at: offset + UInt64(done), error)
      }
    }
  }

  public func writeZeros(at offset: UInt64, count: UInt64) throws {
    let status =
      isBlockDevice
      ? klinux_zero_out(file.rawValue, offset, count)
      : klinux_zero_range(file.rawValue, offset, count)
    if status == 0 { return }
    // The file system or the device cannot: zeros are written like other bytes.
    let zeros = AlignedBuffer(byteCount: Int(min(count, 1 << 20)))
    zeros.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    var done: UInt64 = 0
    while done < count {
      let length = Int(min(count - done, UInt64(zeros.bytes.count)))
      try write(UnsafeRawBufferPointer(zeros.prefix(length)), at: offset + done)
      done += UInt64(length)
    }
  }

  public func flush() throws {
    guard fdatasync(file.rawValue) == 0 else {
      let error = Errno(rawValue: errno)
      throw SlotFailure(
        .flushFailed, "cannot flush \(path): \(error)", hint: SlotFailure.diskHint,
        systemError: error.rawValue)
    }
  }
}
