internal import Glibc
public import SlotCore
public import SystemPackage

/// What a factory knows of the image that it wrote into a slot.
public struct ProvisionedImage: Sendable {
  public var version: String
  public var sequence: Int64
  /// Bytes, a multiple of 4096; nil for the whole slot.
  public var length: UInt64?

  public init(version: String, sequence: Int64, length: UInt64? = nil) {
    self.version = version
    self.sequence = sequence
    self.length = length
  }
}

/// Writes the first boot control and the first ledger of a device, with the digests of what its slots hold.
public struct Provisioner: Sendable {
  public static let frameSize = 256 << 10

  public let stateDirectory: FilePath
  public let grubEnvironment: FilePath
  public let tries: Int

  public init(stateDirectory: FilePath, grubEnvironment: FilePath, tries: Int) {
    self.stateDirectory = stateDirectory
    self.grubEnvironment = grubEnvironment
    self.tries = tries
  }

  /// Reads each slot that is given, records it as confirmed, and makes `first` the one to boot. A slot without
  /// an image is not bootable until something is installed there.
  ///
  /// - Throws: `SlotFailure`, `LedgerFailure`, `BootControlFailure`.
  /// - Returns: the image digest of each slot.
  public func provision(
    _ images: [SlotName: (location: SlotLocation, image: ProvisionedImage)], first: SlotName,
    cancellation: Cancellation
  ) throws -> [SlotName: Digest] {
    var ledger = Ledger()
    let context = LedgerContext(now: Timestamp(seconds: Int64(time(nil))), bootID: "factory")
    var digests: [SlotName: Digest] = [:]
    for (slot, entry) in images.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let device = try DirectDevice(entry.location, access: .readOnly)
      let length = entry.image.length ?? device.byteCount
      guard length > 0, length <= device.byteCount,
        length.isMultiple(of: UInt64(BundleLimits.blockBytes))
      else {
        throw SlotFailure(
          .tooSmall, "\(device.name) cannot hold an image of \(length) bytes",
          hint: "give the image's length in bytes, a multiple of 4096 within the slot")
      }
      let digest = try SlotDigest.compute(
        device, length: length, frameSize: Provisioner.frameSize, cancellation)
      digests[slot] = digest
      ledger.provision(
        slot,
        ImageIdentity(
          version: entry.image.version, sequence: entry.image.sequence, imageDigest: digest,
          imageLength: length, frameSize: Provisioner.frameSize), context)
    }
    _ = try LedgerStore(directory: stateDirectory).save(ledger)
    func state(_ slot: SlotName) -> SlotBootState {
      SlotBootState(bootable: images[slot] != nil, triesMade: 0)
    }
    try GrubStore(path: grubEnvironment).recreate(
      BootControl(first: first, a: state(.a), b: state(.b), tries: tries))
    let stamp = RecordStamp(
      at: context.now, boot: context.bootID, command: ProcessArguments.command)
    let log = AuditLog(directory: stateDirectory)
    for entry in ledger.history.entries {
      log.append(RecordEntry(RecordEvent(entry, in: ledger), stamp))
    }
    return digests
  }

  /// Makes a folder that plays a device: `DIR/root-a.img` holds the running image, `root-b.img` is made as
  /// large where it is missing, and slot A boots once.
  public static func folder(
    _ folder: FilePath, image: ProvisionedImage, tries: Int, cancellation: Cancellation
  ) throws -> Digest {
    let a = FolderMachine.path(of: .a, in: folder)
    guard let status = Files.status(a) else {
      throw SlotFailure(
        .notFound, "there is no \(a)", hint: "put the image of the running version there first")
    }
    let b = FolderMachine.path(of: .b, in: folder)
    if !Files.exists(b) {
      let file = try FileDescriptor.open(
        b, .writeOnly, options: [.create, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o644))
      try file.closeAfter { try file.resize(to: status.size) }
    }
    let environment = folder.appending("grubenv")
    let provisioner = Provisioner(
      stateDirectory: folder, grubEnvironment: environment, tries: tries)
    let location = SlotLocation(
      slot: .a, path: a, displayName: "root-a.img", capacity: UInt64(status.size))
    let digests = try provisioner.provision(
      [.a: (location, image)], first: .a, cancellation: cancellation)
    let store = GrubStore(path: environment)
    try store.save(BootDecision(try store.load()).after)
    try FolderMachine.start(.a, in: folder)
    return digests[.a] ?? Digest(of: [])
  }
}
