import ArgumentParser
import AssayMessages
import Foundation

/// Shows the files of a rule set, or writes them to a folder.
struct RulesFilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "Shows the files that decide, or writes them to a folder to work on.")

    @Option(help: "Digest of a set that is or was live; the live one if not given.")
    var ruleSet: String?
    @Option(help: "Write the files into this folder; it must be new or empty.") var out: String?
    @OptionGroup var service: RulesOptions
    @OptionGroup var output: RulesOutput

    func run() async throws {
        let digest = try ruleSet.map { try Self.bytes($0) } ?? []
        let set = try await service.call { client, options in
            try await client.listRuleFiles(
                AssayRiskV1.ListRuleFilesRequest(ruleSet: digest), options: options)
        }
        if output.json { return print(RulesText.json(set)) }
        print(RulesText.line(set))
        guard let out else {
            for file in set.files { print("  \(file.name)  \(file.text.utf8.count) bytes") }
            return
        }
        let there = (try? FileManager.default.contentsOfDirectory(atPath: out)) ?? []
        guard there.isEmpty else { throw Complaint("\(out) is not empty") }
        for file in set.files {
            let url = URL(filePath: out).appending(path: file.name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.text.utf8).write(to: url)
        }
        print("wrote \(RulesText.counted(set.files.count, "file")) to \(out)")
    }

    static func bytes(_ text: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 {
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        guard rest.isEmpty, bytes.count == 32 else {
            throw Complaint("'\(text)' is no digest: expected 64 hexadecimal digits")
        }
        return bytes
    }
}
