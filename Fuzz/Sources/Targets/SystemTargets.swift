internal import SlotCore
internal import SystemPackage

@testable internal import SlotKit

/// What the system says of itself.
let systemTargets = [
  FuzzTarget(name: "mounts", maximumLength: 2048, body: fuzzMounts),
  FuzzTarget(name: "os-release", maximumLength: 1024, body: fuzzOSRelease),
  FuzzTarget(name: "panic-record", maximumLength: 1024, body: fuzzPanicRecord),
  partitions,
]

/// fstab in front of the first zero byte, mountinfo behind it.
@Sendable private func fuzzMounts(_ bytes: [UInt8]) throws {
  let (table, mounted) = Input.text(bytes)
  let fstab = String(decoding: table, as: UTF8.self)
  let mountinfo = String(decoding: mounted, as: UTF8.self)
  for point in Mounts.missingMountPoints(in: fstab, mountinfo: mountinfo) {
    require(point.isAbsolute && point.lexicallyNormalized() == point, "a mount point is a place")
    require(!Mounts.isMountPoint(point, in: mountinfo), "what is missing is not mounted")
  }
  let state: FilePath = "/data/../data/krux/"
  if let point = Mounts.fstabMountPoint(holding: state, in: fstab) {
    require(state.lexicallyNormalized().starts(with: point), "it holds what it is to hold")
  }
}

@Sendable private func fuzzOSRelease(_ bytes: [UInt8]) throws {
  let fields = DeviceIdentity.osRelease(String(decoding: bytes, as: UTF8.self))
  let size = fields.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
  // Each invalid byte becomes three.
  require(size <= 3 * bytes.count, "fields are what was read")
}

/// A record of pstore, and beside it the number that a watchdog left.
@Sendable private func fuzzPanicRecord(_ bytes: [UInt8]) throws {
  var places = BootEvidence.Places()
  places.bootStatus = Scratch.file("bootstatus", Array(bytes.prefix(12)))
  places.records = [Scratch.file("dmesg-efi-1", bytes).removingLastComponent()]
  let evidence = BootEvidence.collect(places)
  guard let line = evidence.panic?.line else { return }
  require(line.isPlain && line.utf8.count <= ReasonText.maximumLength, "a panic is one line")
  require(line.hasPrefix("Kernel panic"), "and says what it is")
}
