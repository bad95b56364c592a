public import SystemPackage

/// Where things stand: on a device, or in a folder that plays one (`--root DIR`).
public struct Layout: Equatable, Sendable {
  public let configuration: FilePath
  public let keysDirectory: FilePath
  /// Of the image: the feed that it follows, one line, and the root of trust for it.
  public let feedAddress: FilePath
  public let feedRoot: FilePath
  /// machine-id(5).
  public let machineID: FilePath
  /// Files that may say who the image is, in the order in which they are tried.
  public let osRelease: [FilePath]
  /// On the data partition: the ledger.
  public let stateDirectory: FilePath
  /// Where the data partition has to be mounted for that; nil when nobody says.
  public let dataMount: FilePath?
  /// Gone after a reboot: the lock, and what was seen in this boot.
  public let runDirectory: FilePath
  public let grubEnvironment: FilePath
  /// The trees of services, and the links to them.
  public let servicesDirectory: FilePath
  /// Where journald listens (systemd.journal-fields(7)).
  public let journalSocket: FilePath
  /// The folder that plays a device; nil on a real one.
  public let folder: FilePath?

  public static let system = Layout(
    configuration: "/etc/krux/update.toml", keysDirectory: "/usr/lib/krux/keys.d",
    feedAddress: "/usr/lib/krux/feed-address", feedRoot: "/usr/lib/krux/root.json",
    machineID: "/etc/machine-id", osRelease: ["/etc/os-release", "/usr/lib/os-release"],
    stateDirectory: "/var/lib/krux",
    dataMount: nil, runDirectory: "/run/krux", grubEnvironment: "/boot/efi/EFI/BOOT/grubenv",
    servicesDirectory: "/usr/lib/krux", journalSocket: "/run/systemd/journal/socket", folder: nil)

  public static func folder(_ path: FilePath) -> Layout {
    Layout(
      configuration: path.appending("update.toml"), keysDirectory: path.appending("keys.d"),
      feedAddress: path.appending("feed-address"), feedRoot: path.appending("root.json"),
      machineID: path.appending("machine-id"),
      osRelease: [path.appending("os-release")], stateDirectory: path,
      dataMount: nil, runDirectory: path.appending("run"),
      grubEnvironment: path.appending("grubenv"),
      servicesDirectory: path.appending("services"),
      journalSocket: path.appending("run/journal"), folder: path)
  }

  /// The same, with the paths that the configuration sets.
  public func applying(_ configuration: Configuration) -> Layout {
    let stateDirectory = configuration.stateDirectory.map { FilePath($0) } ?? stateDirectory
    return Layout(
      configuration: self.configuration,
      keysDirectory: configuration.keysDirectory.map { FilePath($0) } ?? keysDirectory,
      feedAddress: feedAddress, feedRoot: feedRoot, machineID: machineID, osRelease: osRelease,
      stateDirectory: stateDirectory,
      dataMount: configuration.dataMount.map { FilePath($0) }
        ?? (folder == nil ? Mounts.fstabMountPoint(holding: stateDirectory) : nil),
      runDirectory: runDirectory,
      grubEnvironment: configuration.bootEnvironment.map { FilePath($0) } ?? grubEnvironment,
      servicesDirectory: configuration.services.directory.map { FilePath($0) }
        ?? servicesDirectory,
      journalSocket: journalSocket, folder: folder)
  }
}
