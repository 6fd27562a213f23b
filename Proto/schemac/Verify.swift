internal import ArgumentParser
internal import Foundation
internal import SchemaCompiler
internal import Wire

/// `schemac verify`: proves sealed records, with the schemas that they were sealed with.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Proves sealed records.",
        discussion: """
            A file holds sealed records, one behind the other. Of each, one line says where it starts, its \
            type, the start of its schema's fingerprint, its digest and the verdict. A record is proven if \
            its digest holds and its payload is the canonical encoding of a value of its schema. That schema \
            is <fingerprint>.schema in --archive, or in the folder 'schemas' beside the file, or one of \
            --schemas if it has the fingerprint. Each record is proven by itself: that none is missing \
            between them, this command cannot tell.
            """)

    @OptionGroup var sources: SourceOptions

    @Argument(help: "Files of sealed records; '-' is standard input.")
    var files: [String]

    @Option(help: "The folder of archived schemas, <fingerprint>.schema.")
    var archive: String?

    @Flag(help: "Show what the records say, personal data as its kind.")
    var show = false

    @Flag(name: .customLong("digests-only"), help: "Accept records whose schema is not there.")
    var digestsOnly = false

    func run() throws {
        var failures = 0
        for file in files { failures += try verify(file) }
        if failures > 0 {
            throw Failure.findings("\(failures) finding\(failures == 1 ? "" : "s")")
        }
    }

    /// The number of findings.
    private func verify(_ file: String) throws -> Int {
        let bytes = try MessageInput.read(file)
        var verifier = RecordVerifier { schema($0, $1, of: file) }
        var (proven, failures) = (0, 0)
        try verifier.verify(bytes) { result in
            try Output.write(line(result, file) + "\n")
            switch result.verdict {
            case .proven(let message):
                proven += 1
                if show { try Output.write(indented(message.text(showsPersonalData: false))) }
            case .unread: failures += digestsOnly ? 0 : 1
            case .broken: failures += 1
            }
        }
        if bytes.isEmpty {
            Console.error("\(file): holds no records")
            return 1
        }
        let verdict = failures == 0 ? "nothing wrong" : "\(failures) not"
        try Output.write("\(file): \(bytes.count) bytes, \(proven) records proven, \(verdict)\n")
        return failures
    }

    private func line(_ result: RecordVerifier.Result, _ file: String) -> String {
        var parts = ["\(file):\(result.range.lowerBound)"]
        if let name = result.name { parts.append(name) }
        if let fingerprint = result.fingerprint { parts.append("\(fingerprint)".prefix(16) + "…") }
        if let digest = result.digest { parts.append("\(digest)") }
        switch result.verdict {
        case .proven: parts.append("proven")
        case .unread(let reason): parts.append("digest holds, not read: \(reason)")
        case .broken(let reason, let byte):
            parts.append("BROKEN" + (byte.map { " at byte \($0)" } ?? "") + ": \(reason)")
        }
        return parts.joined(separator: "  ")
    }

    private func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "    \($0)\n" }.joined()
    }

    // MARK: Schemas

    private func schema(
        _ name: String, _ fingerprint: Fingerprint, of file: String
    ) -> RecordVerifier.Schema {
        let beside = URL(filePath: file).deletingLastPathComponent().appending(path: "schemas").path
        let folders = [archive, beside].compactMap { $0 }
        for folder in folders {
            let path = "\(folder)/\(fingerprint).schema"
            if let data = FileManager.default.contents(atPath: path) {
                return .archived(Array(data), path: path, name: name, fingerprint: fingerprint)
            }
        }
        // A root that is not there is no failure: the archive is what counts.
        if let files = try? sources.files(),
            let schema = Compilation(files).recordSchema(name, fingerprint)
        {
            return schema
        }
        let places = (folders + [sources.schemas]).joined(separator: ", ")
        return .missing("no schema has its fingerprint \(fingerprint) (looked in \(places))")
    }
}
