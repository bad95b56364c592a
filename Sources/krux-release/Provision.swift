internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct Provision: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the first boot environment and ledger of a device, as a factory does.",
    discussion: """
      Reads each slot whole and records the digest of what it holds. With --root DIR it makes a folder that \
      plays a device: DIR/root-a.img has to be there.

      EXAMPLES:
        krux-release provision --root DIR --version 1.0.0 --sequence 10000
        krux-release provision --slot-a /dev/sda2 --slot-b /dev/sda3 --version 1.0.0 --sequence 10000 \\
          --state-directory /mnt/data/krux --grub-environment /mnt/esp/EFI/BOOT/grubenv
      """)

  @Option(help: ArgumentHelp("Make a folder that plays a device.", valueName: "dir"))
  var root: String?

  @Option(help: ArgumentHelp("Slot A: a partition or an image file.", valueName: "path"))
  var slotA: String?

  @Option(help: ArgumentHelp("Slot B, if the same image was written there.", valueName: "path"))
  var slotB: String?

  @Option(help: "The version of the image.")
  var version: String

  @Option(help: "The sequence number of the image.")
  var sequence: Int64

  @Option(help: ArgumentHelp("Bytes of the image, if the slot is larger.", valueName: "bytes"))
  var length: UInt64?

  @Option(help: ArgumentHelp("Where the ledger goes: on the data partition.", valueName: "dir"))
  var stateDirectory: String?

  @Option(help: ArgumentHelp("The boot environment to write.", valueName: "file"))
  var grubEnvironment: String?

  @Option(help: "Boots that a slot gets before the other one is tried.")
  var tries = BootControl.defaultTries

  func validate() throws {
    guard Name.isValid(version) else { throw ValidationError("'\(version)' is no version") }
    guard BundleLimits.sequence.contains(sequence) else {
      throw ValidationError("the sequence has to be at least 1")
    }
    guard BootControl.triesRange.contains(tries) else {
      throw ValidationError("--tries has to be from 1 to 9")
    }
    let named = slotA != nil && stateDirectory != nil && grubEnvironment != nil
    guard (root != nil) != named, root == nil || slotB == nil else {
      throw ValidationError(
        "give --root, or --slot-a with --state-directory and --grub-environment")
    }
  }

  func run() throws {
    let image = ProvisionedImage(version: version, sequence: sequence, length: length)
    let digests: [SlotName: Digest]
    if let root {
      digests = [
        .a: try Provisioner.folder(
          FilePath(root), image: image, tries: tries, cancellation: Cancellation())
      ]
    } else {
      digests = try provisionSlots(image)
    }
    for (slot, digest) in digests.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      print("Slot \(slot.rawValue): \(version), image \(digest.hex)")
    }
  }

  private func provisionSlots(_ image: ProvisionedImage) throws -> [SlotName: Digest] {
    let provisioner = Provisioner(
      stateDirectory: FilePath(stateDirectory ?? ""),
      grubEnvironment: FilePath(grubEnvironment ?? ""), tries: tries)
    var images: [SlotName: (location: SlotLocation, image: ProvisionedImage)] = [:]
    for (slot, path) in [(SlotName.a, slotA), (.b, slotB)] {
      guard let path else { continue }
      images[slot] = (
        SlotLocation(slot: slot, path: FilePath(path), displayName: path, capacity: 0), image
      )
    }
    return try provisioner.provision(images, first: .a, cancellation: Cancellation())
  }
}
