public import SlotCore

/// How this machine was installed, and what told it. Read anew for each command: nothing of it is configured or kept.
public struct MachineMode: Equatable, Sendable {
  public let marks: ModeMarks
  public let verdict: ModeVerdict

  public init(_ marks: ModeMarks) {
    self.marks = marks
    verdict = ModeVerdict(marks)
  }

  /// Looks at the system that this runs on. What cannot be read tells nothing.
  public static func read() -> MachineMode {
    let (configuration, _) = Configuration.lenient(Layout.system.configuration)
    let layout = Layout.system.applying(configuration)
    var marks = MarkReader(servicesDirectory: layout.servicesDirectory).marks()
    marks.bootsFromSlot = bootsFromSlot(configuration)
    return MachineMode(marks)
  }

  /// The kernel's word for the root's partition can be had without root's rights. It has none for partitions that a
  /// program told it of, as those of a loop device; then the disk is read.
  private static func bootsFromSlot(_ configuration: Configuration) -> Bool {
    if let label = KernelView.rootPartitionLabel {
      return configuration.slotLabels.values.contains(label)
    }
    return (try? DiskMachine(configuration)) != nil
  }

  /// The one place where a command is refused because of the mode.
  ///
  /// - Throws: when what `work` needs is not there in this mode.
  public func require(_ work: ModeWork) throws(ModeFailure) {
    if let refusal = verdict.refusal(marks, work) { throw refusal }
  }
}
