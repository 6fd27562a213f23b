/// Why a model file was refused: what, where in the file, and what to do about it.
public struct ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Place: Hashable, Sendable {
        /// Byte offset in the file and JSON path of the value at fault, such as
        /// `$.learner.objective.name`.
        case byte(Int, path: String)
        /// In a text file: line and column from 1 on, and what stands there, such as
        /// `Tree=3.threshold`.
        case line(Int, column: Int, path: String)
    }

    public let place: Place
    /// What is wrong there.
    public let reason: String
    /// What would make the file acceptable; empty if there is nothing better to say than the
    /// reason.
    public let remedy: String

    public init(place: Place, reason: String, remedy: String = "") {
        self.place = place
        self.reason = reason
        self.remedy = remedy
    }

    public init(offset: Int, path: String, reason: String, remedy: String = "") {
        self.init(place: .byte(offset, path: path), reason: reason, remedy: remedy)
    }

    /// Byte offset in the file; -1 if the place is a line.
    public var offset: Int {
        if case .byte(let offset, _) = place { return offset }
        return -1
    }

    public var path: String {
        switch place {
        case .byte(_, let path), .line(_, _, let path): path
        }
    }

    public var description: String {
        let place =
            switch place {
            case .byte(let offset, let path): "byte \(offset), \(path)"
            case .line(let line, let column, let path): "line \(line), column \(column), \(path)"
            }
        return "\(place): \(reason)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }
}
