/// What a check of Nagios and its kin prints and ends with
/// (https://www.monitoring-plugins.org/doc/guidelines.html).
public struct PluginResult: Equatable, Sendable {
  /// The raw values are the exit statuses of the guidelines.
  public enum State: Int32, Sendable {
    case ok, warning, critical, unknown

    var word: String {
      switch self {
      case .ok: "OK"
      case .warning: "WARNING"
      case .critical: "CRITICAL"
      case .unknown: "UNKNOWN"
      }
    }
  }

  /// A number for graphs: `tries_left=3;;;0;3`.
  public struct Figure: Equatable, Sendable {
    /// Of letters and `_`, so that it needs no quotes.
    let name: String
    let value: Int64
    /// `s` for seconds, `B` for bytes, empty for a count.
    let unit: String
    let warning: Int64?
    let critical: Int64?
    let maximum: Int64?

    public init(
      _ name: String, _ value: Int64, unit: String = "", warning: Int64? = nil,
      critical: Int64? = nil, maximum: Int64? = nil
    ) {
      self.name = name
      self.value = value
      self.unit = unit
      self.warning = warning
      self.critical = critical
      self.maximum = maximum
    }

    var text: String {
      let fields =
        ["\(value)\(unit)"] + [warning, critical, 0, maximum].map { $0.map { "\($0)" } ?? "" }
      return "\(name)=\(fields.joined(separator: ";"))"
    }
  }

  public let state: State
  public let text: String
  public let figures: [Figure]

  public init(_ state: State, _ text: String, _ figures: [Figure] = []) {
    self.state = state
    self.text = text
    self.figures = figures
  }

  /// `KRUX OK - 1.0.1 in slot A, confirmed | tries_left=3;;;0;3`, without a line end.
  public var line: String {
    // The first bar ends the text for whoever reads it.
    let words = text.printable.map { $0 == "|" ? "/" : $0 }
    let numbers = figures.map(\.text).joined(separator: " ")
    return "KRUX \(state.word) - \(String(words))" + (numbers.isEmpty ? "" : " | \(numbers)")
  }
}

extension PluginResult {
  /// What a failure says of the device: tampering is critical, and of anything else nothing is known.
  public init(_ failure: any ActionableError) {
    let isTampering = RecordEvent(failure)?.kind == .tampering
    self.init(isTampering ? .critical : .unknown, failure.message)
  }
}
