internal import Synchronization

/// The pages of the admin port. A service adds its own while it is built; the port is open already then.
public final class AdminPages: Sendable {
    /// Makes a page. It may wait, and must not block.
    public typealias Page = @Sendable (AdminRequest) async -> AdminResponse

    private let pages: Mutex<[String: Page]>

    public init(_ pages: [String: Page] = [:]) { self.pages = Mutex(pages) }

    public func add(_ path: String, _ page: @escaping Page) {
        pages.withLock { $0[path] = page }
    }

    func page(_ path: String) -> Page? { pages.withLock { $0[path] } }

    var paths: [String] { pages.withLock { $0.keys.sorted() } }
}
