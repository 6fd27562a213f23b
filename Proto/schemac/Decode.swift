internal import ArgumentParser
internal import Crypto
internal import SchemaCompiler
internal import Wire

/// `schemac decode`: any payload, without generated code.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what bytes mean.",
        discussion: """
            By default any protobuf encoding of the type is taken and shown in a readable form; the first \
            line says whether the bytes are the canonical ones. Personal data is shown as its kind, \
            ‹account›, and unknown fields by their size, unless --show-pii is given.
            """)

    @OptionGroup var options: MessageOptions

    @Flag(help: "Take the canonical encoding and nothing else.")
    var strict = false

    @Flag(help: "Show every byte with its meaning.")
    var explain = false

    @Flag(help: "Write JSON, on one line.")
    var json = false

    @Flag(name: .customLong("show-pii"), help: "Show personal data and unknown fields.")
    var showsPersonalData = false

    @Flag(help: "Read hexadecimal digits; white space between them is skipped.")
    var hex = false

    func validate() throws {
        if explain, json { throw ValidationError("--explain and --json exclude each other") }
    }

    func run() throws {
        let (schema, type) = try options.resolve()
        var bytes = try MessageInput.read(options.file)
        if hex { bytes = try MessageInput.hexadecimal(bytes) }
        let strictError = error(bytes, type, schema, .strict)
        let door = strict ? Door.strict : .tolerant
        if let refusal = strict ? strictError : error(bytes, type, schema, .tolerant) {
            try show(refused: bytes, type, schema, refusal, door)
        }
        guard let message = try decoded(bytes, type, schema, door) else { return }
        try show(message, bytes, strictError, schema)
        try options.report(message.violations())
    }

    // MARK: Reading

    private func decoded(
        _ bytes: [UInt8], _ type: String, _ schema: DynamicSchema, _ door: Door
    ) throws(WireError) -> DynamicMessage? {
        // What a person feeds to a tool may be large; its bytes are all there already.
        let limits = DecodeLimits(
            bytes: bytes.count, heap: DynamicMessage.heap(forBytes: bytes.count))
        return try DynamicMessage(
            decoding: bytes, as: type, in: schema, door: door, limits: limits)
    }

    private func error(
        _ bytes: [UInt8], _ type: String, _ schema: DynamicSchema, _ door: Door
    ) -> WireError? {
        do throws(WireError) {
            _ = try decoded(bytes, type, schema, door)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Showing

    private func show(
        _ message: DynamicMessage, _ bytes: [UInt8], _ strictError: WireError?,
        _ schema: DynamicSchema
    ) throws {
        if json {
            let text = showsPersonalData ? message.json() : Array(message.description.utf8)
            try Output.write(text + [UInt8(ascii: "\n")])
            noteUnknown(message)
            return
        }
        try Output.write(headline(message, bytes, strictError) + "\n")
        if explain {
            try Output.write(dump(bytes, message.fullName, schema, mark: strictError))
        } else {
            try Output.write(message.text(showsPersonalData: showsPersonalData))
        }
    }

    private func headline(
        _ message: DynamicMessage, _ bytes: [UInt8], _ strictError: WireError?
    ) -> String {
        let digest = Output.hexadecimal(Array(SHA256.hash(data: bytes)))
        let size = "\(bytes.count) byte\(bytes.count == 1 ? "" : "s")"
        guard let strictError else {
            return "\(message.fullName): \(size), canonical, SHA-256 \(digest)"
        }
        return "\(message.fullName): \(size), not canonical: \(strictError)"
    }

    private func noteUnknown(_ message: DynamicMessage) {
        let path = message.firstUnknownPath
        if let path {
            Console.error(
                "note: JSON leaves out fields that the schema does not know, such as \(path)")
        }
    }

    private func dump(
        _ bytes: [UInt8], _ type: String, _ schema: DynamicSchema, mark: WireError?
    ) -> String {
        AnnotatedHex.text(
            bytes, as: type, in: schema, mark: mark, showsPersonalData: showsPersonalData) ?? ""
    }

    /// Says which rule is broken, where, and what to do; the command fails.
    private func show(
        refused bytes: [UInt8], _ type: String, _ schema: DynamicSchema, _ error: WireError,
        _ door: Door
    ) throws {
        if explain { try Output.write(dump(bytes, type, schema, mark: error)) }
        let rule = error.rule.map { "rule R\($0)" } ?? "protobuf"
        throw Failure.findings(
            """
            error: \(error)
              \(rule): \(WireRule.text(error.rule))
              \(WireRule.advice(error.code, door))
            """)
    }
}
