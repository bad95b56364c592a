public import SlotCore
internal import Synchronization

/// Keeps what it is told.
public final class MemoryRecorder: Recorder {
  private let told = Mutex<[RecordEvent]>([])

  public init() {}

  public var events: [RecordEvent] { told.withLock { $0 } }
  public var kinds: [RecordEvent.Kind] { events.map(\.kind) }

  public func record(_ event: RecordEvent) { told.withLock { $0.append(event) } }
}
