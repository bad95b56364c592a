/// A queue between threads that blocks the giver when it is full and the taker when it is empty.
///
/// `@unchecked Sendable`: all state is only touched inside `monitor`.
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
  private let monitor = Monitor()
  private let capacity: Int
  private var elements: [Element] = []
  private var isClosed = false

  init(capacity: Int) { self.capacity = capacity }

  /// False when the queue was closed, and the element was not taken.
  func put(_ element: Element) -> Bool {
    monitor.locked {
      while elements.count >= capacity, !isClosed { monitor.wait() }
      guard !isClosed else { return false }
      elements.append(element)
      monitor.wakeAll()
      return true
    }
  }

  /// Nil when the queue is closed and empty.
  func take() -> Element? {
    monitor.locked {
      while elements.isEmpty, !isClosed { monitor.wait() }
      guard !elements.isEmpty else { return nil }
      monitor.wakeAll()
      return elements.removeFirst()
    }
  }

  /// Takers get what is left, givers nothing more in.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.wakeAll()
    }
  }

  /// Closes, and throws away what is left.
  func abandon() {
    monitor.locked {
      elements.removeAll()
      isClosed = true
      monitor.wakeAll()
    }
  }
}
