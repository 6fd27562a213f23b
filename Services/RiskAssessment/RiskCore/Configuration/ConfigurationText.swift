internal import Foundation

/// Texts of files.
enum ConfigurationText {
    /// The text of a file.
    ///
    /// - Parameter name: what problems call it, such as `packs/velocity.yaml`.
    static func read(_ url: URL, as name: String) throws(Problem) -> String {
        func problem(_ message: String) -> Problem {
            Problem(file: name, line: 1, column: 1, message: message)
        }
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch CocoaError.fileReadNoSuchFile {
            throw problem("is not in \(url.deletingLastPathComponent().path)")
        } catch {
            throw problem("cannot be read: \(error.localizedDescription)")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw problem("is not UTF-8 text")
        }
        return text
    }
}
