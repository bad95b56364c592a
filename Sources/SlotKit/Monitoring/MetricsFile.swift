internal import SlotCore
public import SystemPackage

/// The file that node_exporter's textfile collector reads.
public struct MetricsFile: Sendable {
  public let path: FilePath

  public init(path: FilePath) { self.path = path }

  /// Puts `text` in the place of the file, whole or not at all. The collector passes over the file that is written
  /// meanwhile, as its name does not end in `.prom`.
  ///
  /// - Throws: `OutputFailure`.
  public func write(_ text: String) throws {
    do { try Files.replace(path, with: Array(text.utf8)) } catch {
      throw OutputFailure.cannotWrite(path, error)
    }
  }
}
