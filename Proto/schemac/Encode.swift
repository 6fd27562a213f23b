internal import ArgumentParser
internal import Foundation
internal import SchemaCompiler
internal import Wire

/// `schemac encode`: JSON in, canonical bytes out.
struct Encode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes the canonical bytes of a JSON document.",
        discussion: """
            Bytes go to standard output; to a terminal, as hexadecimal digits.
            A message that breaks a bound of the schema is still encoded, since bounds are no part of the \
            encoding: a warning names the field, the rule and the limit. With --validate nothing is written.
            """)

    @OptionGroup var options: MessageOptions

    @Flag(help: "Write hexadecimal digits.")
    var hex = false

    func run() throws {
        let (schema, type) = try options.resolve()
        let text = try MessageInput.read(options.file)
        let message = try message(text, type, schema)
        try options.report(message.violations())
        let bytes = message.encoded()
        if hex || isatty(FileHandle.standardOutput.fileDescriptor) == 1 {
            try Output.write(Output.hexadecimal(bytes) + "\n")
        } else {
            try Output.write(bytes)
        }
    }

    private func message(
        _ text: [UInt8], _ type: String, _ schema: DynamicSchema
    ) throws -> DynamicMessage {
        if text.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
            throw Failure.findings("\(options.inputName) is empty; an empty message is written {}")
        }
        // What a person feeds to a tool may be large; the text is all there already.
        let limits = JSONLimits(
            bytes: text.count, heap: DynamicMessage.heap(forBytes: text.count), depth: 128)
        do throws(JSONError) {
            guard
                let message = try DynamicMessage(
                    jsonBytes: text, as: type, in: schema, limits: limits)
            else { preconditionFailure("a resolved type is in the schema") }
            return message
        } catch {
            let (line, column) = MessageInput.position(of: error.offset, in: text)
            throw Failure.findings("\(options.inputName):\(line):\(column): error: \(error)")
        }
    }
}
