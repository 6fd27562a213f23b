/// Why a model file was refused: what, where in the file, and what to do about it.
public struct ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Byte offset in the file at which the fault was found.
    public let offset: Int
    /// JSON path of the value at fault, such as `$.learner.objective.name`.
    public let path: String
    /// What is wrong there.
    public let reason: String
    /// What would make the file acceptable; empty if there is nothing better to say than the
    /// reason.
    public let remedy: String

    public init(offset: Int, path: String, reason: String, remedy: String = "") {
        self.offset = offset
        self.path = path
        self.reason = reason
        self.remedy = remedy
    }

    public var description: String {
        "byte \(offset), \(path): \(reason)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }
}
