/// The codes of wire.md §15; `schemac explain` and the tests know them by name.
public enum DiagnosticCode: String, Sendable, CaseIterable {
    case badCharacter = "S0001"
    case unexpected = "S0002"
    case overLimit = "S0004"
    case packageClause = "S0101"
    case packageName = "S0102"
    case importNotFound = "S0103"
    case importCycle = "S0104"
    case unusedImport = "S0105"
    case unknownType = "S0106"
    case ambiguousType = "S0107"
    case duplicateName = "S0108"
    case spelling = "S0109"
    case nameCollision = "S0110"
    case fieldNumber = "S0201"
    case duplicateNumber = "S0203"
    case reserved = "S0204"
    case shape = "S0207"
    case mapKey = "S0208"
    case recursion = "S0212"
    case missingDepth = "S0213"
    case presence = "S0215"
    case enumZero = "S0301"
    case enumNumber = "S0302"
    case rpcType = "S0401"
    case streaming = "S0402"
    case access = "S0403"
    case idempotency = "S0404"
    case policy = "S0406"
    case unknownAnnotation = "S0501"
    case annotationPlace = "S0502"
    case annotationArgument = "S0503"
    case contradiction = "S0504"
    case pattern = "S0505"
    case sealable = "S0507"
    case unbounded = "S0508"
    case strayDoc = "S0601"
    case foreign = "S0602"
}

public enum Severity: String, Sendable {
    case error, warning
}

/// One finding about the sources, with the places that explain it.
public struct Diagnostic: Sendable {
    struct Note: Sendable {
        let location: Location
        let text: String
    }

    public let code: DiagnosticCode
    public let severity: Severity
    /// What was found, and what was expected.
    public let message: String
    let location: Location
    /// Written behind the caret: what to write instead.
    let hint: String?
    let notes: [Note]
}

/// Collects findings; at most `maximumErrorsPerFile` errors of a file are kept.
struct Diagnostics: Sendable {
    static let maximumErrorsPerFile = 20

    private(set) var all: [Diagnostic] = []
    private var errorCounts: [Int: Int] = [:]

    var hasErrors: Bool { !errorCounts.isEmpty }

    func hasErrors(in file: Int) -> Bool { errorCounts[file] != nil }

    mutating func error(
        _ code: DiagnosticCode, at location: Location, _ message: String,
        hint: String? = nil, notes: [Diagnostic.Note] = []
    ) {
        errorCounts[location.file, default: 0] += 1
        guard errorCounts[location.file, default: 0] <= Self.maximumErrorsPerFile else { return }
        all.append(
            Diagnostic(
                code: code, severity: .error, message: message, location: location, hint: hint,
                notes: notes))
    }

    mutating func warning(
        _ code: DiagnosticCode, at location: Location, _ message: String, hint: String? = nil
    ) {
        all.append(
            Diagnostic(
                code: code, severity: .warning, message: message, location: location, hint: hint,
                notes: []))
    }
}

extension Diagnostic {
    /// The finding as `schemac` prints it: a headline, then the lines with their carets.
    func rendered(in files: [SourceFile]) -> String {
        let file = files[location.file]
        let (line, column) = file.position(of: location.span.start)
        var lines = [
            "\(file.path):\(line):\(column): \(severity.rawValue): \(message) [\(code.rawValue)]"
        ]

        var marks = notes.map { Mark(location: $0.location, text: $0.text, sign: "-", tail: "-") }
        marks.append(Mark(location: location, text: hint ?? "", sign: "^", tail: "~"))
        let local = marks.filter { $0.location.file == location.file }
            .sorted { $0.location.span.start < $1.location.span.start }
        let width = local.map { String(file.position(of: $0.location.span.start).line).count }.max()
        for mark in local { lines += mark.rendered(in: file, gutter: width ?? 1) }
        for mark in marks where mark.location.file != location.file {
            let other = files[mark.location.file]
            let (line, column) = other.position(of: mark.location.span.start)
            lines.append("\(other.path):\(line):\(column): note: \(mark.text)")
            lines += Mark(location: mark.location, text: "", sign: "-", tail: "-")
                .rendered(in: other, gutter: String(line).count)
        }
        return lines.joined(separator: "\n")
    }

    private struct Mark {
        let location: Location
        let text: String
        let sign: String
        let tail: String

        func rendered(in file: SourceFile, gutter: Int) -> [String] {
            let start = min(location.span.start, file.bytes.count)
            let (line, column) = file.position(of: start)
            let bytes = file.lineBytes(line - 1)
            let end = max(start, min(location.span.end, bytes.endIndex))
            let length = max(1, SourceFile.scalarCount(file.bytes[start..<end]))
            let number = String(line)
            let padding = String(repeating: " ", count: gutter - number.count)
            let shown = String(decoding: bytes, as: UTF8.self)
                .replacing("\t", with: " ").replacing("\r", with: " ")
            let caret = sign + String(repeating: tail, count: length - 1)
            let indent = String(repeating: " ", count: column - 1)
            let label = text.isEmpty ? "" : " " + text
            return [
                "\(padding)\(number) | \(shown)",
                "\(String(repeating: " ", count: gutter)) | \(indent)\(caret)\(label)",
            ]
        }
    }
}
