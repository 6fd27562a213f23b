/// What is wrong in a configuration file, and where.
public struct ConfigurationError: Error, Sendable, Hashable {
    public let file: String
    /// From 1. Zero if the file could not be read at all.
    public let line: Int
    public let column: Int
    /// Where in the document: `/limits/plans/0/name`; empty for the whole.
    public let path: String
    public let message: String

    public init(file: String, line: Int, column: Int, path: String, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.message = message
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// `gateway.yaml:12:5: unknown key 'burts' (at /limits)`.
    public var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(message)" + (path.isEmpty ? "" : " (at \(path))")
    }
}
