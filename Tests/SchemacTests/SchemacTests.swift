import Foundation
import TestSupport
import Testing

/// The built program, as a person runs it: what it prints, and its exit status.
@Suite("schemac on the command line")
struct SchemacTests {
    private static let conformance =
        PackageLayout.root + "/Tests/SchemaCompilerTests/Golden/conformance/schemas"
    private static let everything =
        PackageLayout.root + "/Tests/SchemaCompilerTests/Golden/everything/schemas"

    struct Run {
        let status: Int32
        let output: String
        let errors: String
    }

    private func schemac(_ arguments: String..., root: String = Self.conformance) async throws
        -> Run
    {
        let program = try #require(PackageLayout.executable("schemac"), "schemac was not built")
        let arguments = [arguments[0], "--root", root] + arguments.dropFirst()
        let (end, output, errors) = try await ChildProcess.run(program, Array(arguments))
        guard case .exit(let status) = end else {
            Issue.record("ended by \(end): \(errors)")
            return Run(status: -1, output: output, errors: errors)
        }
        return Run(status: status, output: output, errors: errors)
    }

    /// A folder of files for one test.
    private struct Folder {
        let url = URL(filePath: NSTemporaryDirectory()).appending(path: UUID().uuidString)

        func write(_ name: String, _ bytes: [UInt8]) throws -> String {
            let file = url.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
            return file.path
        }

        func write(_ name: String, _ text: String) throws -> String {
            try write(name, Array(text.utf8))
        }

        func remove() { try? FileManager.default.removeItem(at: url) }
    }

    private static let request = """
        {"requestId":"tx-7f3a","amount":{"currency":"EUR","amount":"-1250.75"},
         "occurredAt":"2025-10-09T08:53:20.250Z","channel":"ecommerce",
         "device":{"os":"iOS","fingerprint":"81985529216486895","rooted":false},
         "attributes":{"geo":{"text":"DE"},"mcc":{"integer":"5411"}},"features":[0.5,-1,3.25],"retry":0}
        """
    private static let requestHex =
        "0a0774782d37663361120b0a0345555210a5a20f18021a0b0880f09dc7061080e59a7720022a0e0a03694f5311"
        + "efcdab8967452301320b0a0367656f120422024445320a0a036d6363120310c6543a18000000000000e03f00"
        + "0000000000f0bf0000000000000a404000"

    @Test("JSON becomes the bytes of the worked example, and becomes JSON again")
    func roundTrip() async throws {
        let folder = Folder()
        defer { folder.remove() }
        let json = try folder.write("request.json", Self.request)
        let encoded = try await schemac("encode", "--hex", "AssessRequest", json)
        #expect(encoded.status == 0 && encoded.errors.isEmpty)
        #expect(encoded.output == Self.requestHex + "\n")
        let hex = try folder.write("request.hex", encoded.output)
        let decoded = try await schemac(
            "decode", "--hex", "--strict", "--json", "AssessRequest", hex)
        #expect(decoded.status == 0 && decoded.errors.isEmpty)
        let wanted = Self.request.replacing("\n", with: "").replacing(" ", with: "")
        #expect(decoded.output == wanted + "\n")
        let shown = try await schemac("decode", "--hex", "AssessRequest", hex)
        #expect(
            shown.output.hasPrefix(
                "bank.risk.v1.AssessRequest: 106 bytes, canonical, SHA-256 "
                    + "e5d478120a4dc1ba67d45ba36c44b85e52a6e3170b77305eeaafc2a030119ac3\n"))
    }

    @Test(
        "bytes that are not canonical are shown, and refused by --strict with rule, place and advice"
    )
    func strict() async throws {
        let folder = Folder()
        defer { folder.remove() }
        let hex = try folder.write(
            "bad.hex", Self.requestHex.replacing("20022a", with: "208280002a"))
        let tolerant = try await schemac("decode", "--hex", "AssessRequest", hex)
        #expect(tolerant.status == 0)
        #expect(tolerant.output.contains("not canonical: /channel:"))
        let strict = try await schemac(
            "decode", "--hex", "--strict", "--explain", "AssessRequest", hex)
        #expect(strict.status == 1)
        #expect(strict.output.contains("<-- R5"))
        #expect(
            strict.errors.contains("(R5) at byte 36") && strict.errors.contains("without --strict"))
    }

    @Test("a broken bound is a warning, and with --validate a failure that writes nothing")
    func bounds() async throws {
        let folder = Folder()
        defer { folder.remove() }
        let json = try folder.write(
            "device.json", "{\"os\":\"\(String(repeating: "x", count: 33))\"}")
        let lax = try await schemac("encode", "--hex", "Device", json)
        #expect(lax.status == 0 && lax.output.hasPrefix("0a21"))
        #expect(lax.errors.contains("warning: /os:") && lax.errors.contains("@max (32)"))
        let strict = try await schemac("encode", "--hex", "--validate", "Device", json)
        #expect(
            strict.status == 1 && strict.output.isEmpty && strict.errors.contains("error: /os:"))
    }

    @Test("personal data is shown on demand only")
    func personalData() async throws {
        let folder = Folder()
        defer { folder.remove() }
        let bytes = try folder.write("card", [0x0A, 3] + Array("tok".utf8))
        for form in [[], ["--json"], ["--explain"]] {
            let hidden = try await decode(form, bytes)
            #expect(
                !hidden.output.contains("tok\"") && hidden.output.contains("‹account›"), "\(form)")
            let shown = try await decode(form + ["--show-pii"], bytes)
            #expect(shown.output.contains("tok\""), "\(form)")
        }
    }

    private func decode(_ flags: [String], _ file: String) async throws -> Run {
        let program = try #require(PackageLayout.executable("schemac"))
        let (end, output, errors) = try await ChildProcess.run(
            program, ["decode", "--root", Self.conformance, "Card", file] + flags)
        guard case .exit(let status) = end else {
            return Run(status: -1, output: "", errors: errors)
        }
        return Run(status: status, output: output, errors: errors)
    }

    @Test("mistakes of the caller have status 2 and say what to write")
    func usage() async throws {
        let folder = Folder()
        defer { folder.remove() }
        let file = try folder.write("empty", "")
        let cases: [(Run, Int32, String)] = [
            (try await schemac("decode", "AssesRequest", file), 2, "did you mean 'AssessRequest'?"),
            (try await schemac("decode", "Channel", file), 2, "is an enum"),
            (try await schemac("decode", "Card", file + ".not"), 2, "there is no file"),
            (try await schemac("decode", "Card", folder.url.path), 2, "is a directory"),
            (
                try await schemac("decode", "--json", "--explain", "Card", file), 2,
                "exclude each other"
            ),
            (try await schemac("decode", "Card", file, root: "/nowhere"), 2, "schema root"),
            (try await schemac("encode", "Card", file), 1, "is empty"),
            (try await schemac("verify", file), 1, "holds no records"),
            (try await schemac("verify", file + ".not"), 2, "there is no file"),
        ]
        for (run, status, text) in cases {
            #expect(run.status == status, "\(text)")
            #expect(run.errors.contains(text), "\(run.errors)")
        }
        let empty = try await schemac("decode", "Card", file)
        #expect(empty.status == 0 && empty.output.contains("(empty)"))
    }

    @Test("hostile input ends with an error, in bounded time")
    func hostile() async throws {
        let folder = Folder()
        defer { folder.remove() }
        let deep = String(repeating: "{\"named\":{\"a\":", count: 100_000)
        let inputs: [(String, [UInt8])] = [
            ("deep.json", Array(deep.utf8)),
            ("utf8.json", Array("{\"label\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)),
            ("huge.json", Array("[".utf8) + [UInt8](repeating: 0x20, count: 1 << 20)),
            ("zero.json", [0]),
        ]
        for (name, bytes) in inputs {
            let path = try folder.write(name, bytes)
            let run = try await schemac("encode", "Tree", path, root: Self.everything)
            #expect(run.status == 1 && run.errors.contains("error:"), "\(name): \(run.errors)")
        }
        let claims: [[UInt8]] = [
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0x0A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
            [UInt8](repeating: 0x12, count: 4_096), [UInt8](repeating: 0xFF, count: 1 << 20),
            [0x7B, 0x7C], [0x0A],
        ]
        for (index, bytes) in claims.enumerated() {
            let path = try folder.write("claim-\(index)", bytes)
            for form in ["--explain", "--json"] {
                let run = try await schemac("decode", form, "Tree", path, root: Self.everything)
                #expect(run.status == 1 && run.errors.contains("error:"), "\(index) \(form)")
            }
        }
    }
}
