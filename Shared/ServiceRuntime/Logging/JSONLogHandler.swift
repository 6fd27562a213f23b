public import Logging

/// Writes each log record as one line of JSON: `ts`, `level`, `logger`, `event` (the message), then its metadata.
///
/// A value from outside cannot forge a line or a field: everything is escaped, and metadata never
/// replaces one of the four fields above.
public struct JSONLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let output: LogOutput
    private let now: @Sendable () -> WallClockTime

    public init(
        label: String, level: Logger.Level, output: LogOutput = .standardError,
        now: @escaping @Sendable () -> WallClockTime = { .now }
    ) {
        self.label = label
        self.output = output
        self.now = now
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line = JSONLine()
        line.add("ts", now().description)
        line.add("level", event.level.rawValue)
        line.add("logger", label)
        line.add("event", event.message.description)
        for (key, value) in merged(event.metadata).sorted(by: { $0.key < $1.key }) {
            line.add(Self.reserved.contains(key) ? "field_\(key)" : key, value)
        }
        if let error = event.error { line.add("error", "\(error)") }
        output.write(line.finished())
    }

    private static let reserved: Set<String> = ["ts", "level", "logger", "event"]

    private func merged(_ explicit: Logger.Metadata?) -> Logger.Metadata {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let explicit { all.merge(explicit) { $1 } }
        return all
    }
}
