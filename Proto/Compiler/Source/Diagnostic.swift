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

/// Collects findings; at most `maximumPerFile` errors, and as many warnings, of a file are kept.
struct Diagnostics: Sendable {
    static let maximumPerFile = 20

    private(set) var all: [Diagnostic] = []
    private var errorCounts: [Int: Int] = [:]
    private var warningCounts: [Int: Int] = [:]

    var hasErrors: Bool { !errorCounts.isEmpty }

    func hasErrors(in file: Int) -> Bool { errorCounts[file] != nil }

    /// Whether a file has had its share of errors, so that more of them would not be shown.
    func isFull(for file: Int) -> Bool { errorCounts[file, default: 0] >= Self.maximumPerFile }

    mutating func error(
        _ code: DiagnosticCode, at location: Location, _ message: String,
        hint: String? = nil, notes: [Diagnostic.Note] = []
    ) {
        errorCounts[location.file, default: 0] += 1
        guard errorCounts[location.file, default: 0] <= Self.maximumPerFile else { return }
        let message = Prose.clipped(message)
        // The rules of a named scalar are read again wherever it is used.
        let isKnown = all.contains {
            $0.code == code && $0.location == location && $0.message == message
        }
        if isKnown {
            errorCounts[location.file, default: 0] -= 1
            return
        }
        all.append(
            Diagnostic(
                code: code, severity: .error, message: message, location: location,
                hint: hint.map(Prose.clipped), notes: notes))
    }

    mutating func warning(
        _ code: DiagnosticCode, at location: Location, _ message: String, hint: String? = nil
    ) {
        warningCounts[location.file, default: 0] += 1
        guard warningCounts[location.file, default: 0] <= Self.maximumPerFile else { return }
        all.append(
            Diagnostic(
                code: code, severity: .warning, message: Prose.clipped(message),
                location: location, hint: hint.map(Prose.clipped), notes: []))
    }
}

extension Diagnostic {
    /// The finding as `schemac` prints it: a headline, then the lines with their carets.
    func rendered(in files: [SourceFile], _ palette: Palette) -> String {
        let file = files[location.file]
        let (line, column) = file.position(of: location.span.start)
        let place = palette(.strong, "\(file.path):\(line):\(column):")
        let label = palette(severity.style, "\(severity.rawValue):")
        var lines = ["\(place) \(label) \(palette(.strong, message)) [\(code.rawValue)]"]

        var marks = notes.map {
            Excerpt(location: $0.location, text: $0.text, emphasis: .secondary)
        }
        marks.append(Excerpt(location: location, text: hint ?? "", emphasis: .primary))
        let local = marks.filter { $0.location.file == location.file }
            .sorted { $0.location.span.start < $1.location.span.start }
        let width = local.map { String(file.position(of: $0.location.span.start).line).count }.max()
        for mark in local { lines += mark.rendered(in: file, gutter: width ?? 1, palette) }
        for mark in marks where mark.location.file != location.file {
            let other = files[mark.location.file]
            let (line, column) = other.position(of: mark.location.span.start)
            let place = palette(.strong, "\(other.path):\(line):\(column):")
            lines.append("\(place) \(palette(.note, "note:")) \(mark.text)")
            lines += Excerpt(location: mark.location, text: "", emphasis: .secondary)
                .rendered(in: other, gutter: String(line).count, palette)
        }
        return lines.joined(separator: "\n")
    }
}
