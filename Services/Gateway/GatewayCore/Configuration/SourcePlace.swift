/// Where in its file a part of a configuration stands. Two of them are always equal: where a thing
/// stands is no part of what it says.
public struct SourcePlace: Sendable, Hashable {
    /// From 1; 0 for what was written nowhere.
    public var line = 0
    public var column = 0

    public init(line: Int = 0, column: Int = 0) {
        self.line = line
        self.column = column
    }

    public static func == (left: SourcePlace, right: SourcePlace) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
}

extension ConfigurationError {
    init(file: String, at place: SourcePlace, message: String) {
        self.init(file: file, line: place.line, column: place.column, message: message)
    }
}

extension YAMLValue {
    var place: SourcePlace {
        SourcePlace(line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }
}
