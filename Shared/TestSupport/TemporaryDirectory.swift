internal import Foundation

/// A directory of one test, removed with everything in it when the last reference goes.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        let name = "assay-test-\(UUID().uuidString)"
        let url = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of an entry; its parent directories are made, the entry is not.
    public func path(_ name: String) throws -> String {
        let full = "\(path)/\(name)"
        let parent = URL(filePath: full).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        return full
    }

    /// Writes a file and returns its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String {
        let full = try path(name)
        try Data(text.utf8).write(to: URL(filePath: full))
        return full
    }
}
