import ArgumentParser
import FeatureCore
import Foundation

/// Computes a vector for each row of a file of events, as the feature store would have served it.
struct FeaturesReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Computes a feature vector for each row of a CSV file of events.",
        discussion: """
            Columns are the fields of the events, amounts in major units of the base currency \
            unless there is a column FIELD_currency. A place is FIELD_latitude, FIELD_longitude \
            and FIELD_country. The rows are taken in their order. The result has the column id, \
            then one per feature; an empty cell is a missing value.
            """)

    @Option(help: "Folder of definition files.") var definitions: String
    @Option(help: "CSV file of events (RFC 4180); - is the standard input.") var events: String
    @Option(help: "NAME or NAME@VERSION of the vector; a name alone means its greatest version.")
    var vector: String
    @Option(help: "CSV file to write; - is the standard output.") var out: String
    @Option(help: "Event type of all rows; otherwise the column \"type\" names it.")
    var event: String?
    @Option(help: "COLUMN=TYPE: each row with a 1 in the column is also a label event of the type.")
    var label: String?
    @Option(help: "Column with the events' ids, if not the one that the definitions name.")
    var id: String?
    @Option(help: "Column with the events' times, if not the one that the definitions name.")
    var time: String?

    func validate() throws {
        guard events == "-" || out == "-" || !Self.isSame(events, out) else {
            throw ValidationError("--out would replace the file of events")
        }
    }

    private static func isSame(_ a: String, _ b: String) -> Bool {
        let files = [a, b].map { URL(filePath: $0).standardizedFileURL.resolvingSymlinksInPath() }
        return files[0] == files[1]
    }

    func run() throws {
        var replay = try CSVReplay(
            DefinitionFolder.load(definitions), vector: vector, options: options())
        let input = try Self.open(events)
        let output = try ReplacingFile(out)
        let clock = ContinuousClock()
        let start = clock.now
        do {
            try replay.run(
                reading: { Array(try input.read(upToCount: 1 << 18) ?? Data()) },
                writing: { try output.write($0) })
        } catch let error as CSVError {
            throw Complaint("\(events): \(error)")
        }
        try output.finish()
        let seconds = (clock.now - start) / .seconds(1)
        for line in replay.report.lines(file: events, seconds: seconds) {
            StandardError.line("\(line)")
        }
    }

    private func options() throws -> CSVOptions {
        var options = CSVOptions()
        options.eventType = event
        options.id = id
        options.time = time
        if let label {
            let parts = label.split(separator: "=").map(String.init)
            guard parts.count == 2 else { throw ValidationError("--label is COLUMN=TYPE") }
            options.label = CSVOptions.Label(column: parts[0], eventType: parts[1])
        }
        return options
    }

    private static func open(_ path: String) throws -> FileHandle {
        if path == "-" { return .standardInput }
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw Complaint("\(path): no such file, or it cannot be read")
        }
        return file
    }
}

/// A file that takes the place of another once it is whole.
final class ReplacingFile {
    private let path: String
    private let partial: String
    private let handle: FileHandle
    private var isFinished = false

    /// `-` is the standard output.
    init(_ path: String) throws {
        self.path = path
        partial = path == "-" ? path : "\(path).partial"
        if path == "-" {
            handle = .standardOutput
            return
        }
        guard FileManager.default.createFile(atPath: partial, contents: nil),
            let handle = FileHandle(forWritingAtPath: partial)
        else { throw Complaint("\(path): cannot be written") }
        self.handle = handle
    }

    deinit {
        if !isFinished, path != "-" { unlink(partial) }
    }

    func write(_ bytes: [UInt8]) throws { try handle.write(contentsOf: Data(bytes)) }

    func finish() throws {
        isFinished = true
        guard path != "-" else { return }
        try handle.close()
        guard rename(partial, path) == 0 else { throw Complaint("\(path): cannot be written") }
    }
}

extension ReplayReport {
    /// What a person wants to know of it.
    func lines(file: String, seconds: Double) -> [String] {
        var lines = problems.map { "\(file):\($0.line): \($0.message)" }
        let wrong: [(Int, String)] = [
            (duplicates, "duplicates, counted once"),
            (conflicts, "with the id of an earlier row and other content, left out"),
            (unreadable, "that are no event, left out"),
            (rejected, "rejected: read, not counted"),
            (quarantined, "quarantined: read, not counted"),
            (rejectedLabels, "whose label was refused"),
        ]
        lines += wrong.filter { $0.0 > 0 }.map { "\(String($0.0, "row")) \($0.1)" }
        if !absentFields.isEmpty {
            lines.append("no column for the fields \(absentFields.joined(separator: ", "))")
        }
        if !ignoredColumns.isEmpty {
            lines.append("columns not used: \(ignoredColumns.joined(separator: ", "))")
        }
        let rate = Int(Double(entityEvents) / max(seconds, 1e-9))
        let labelled = labels > 0 ? " and \(String(labels, "label"))" : ""
        lines.append(
            String(rows, "row") + labelled + ", \(String(written, "vector")), "
                + String(entities, "entity", "entities")
                + "; \(String(entityEvents, "entity event")) in "
                + String(format: "%.2f s: ", seconds) + "\(rate) per second")
        return lines
    }
}
