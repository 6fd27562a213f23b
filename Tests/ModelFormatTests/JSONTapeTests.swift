import Testing

@testable import Inference

@Suite("The JSON reader of model files")
struct JSONTapeTests {
    private func refusal(_ text: String, limits: FormatLimits = FormatLimits()) -> String {
        refusal(Array(text.utf8), limits: limits)
    }

    private func refusal(_ bytes: [UInt8], limits: FormatLimits = FormatLimits()) -> String {
        do {
            _ = try JSONTape(bytes, limits: limits)
            return "accepted"
        } catch {
            return "\(error.offset) \(error.path): \(error.reason)"
        }
    }

    @Test("well-formed documents are accepted")
    func accepted() throws {
        for text in [
            "0", "-0.5e+10", " [ ] ", "{}", #"{"a":[1,{"b":null}],"c":"é\u00e9\ud83d\ude00"}"#,
            "[true,false,null]", #""\"\\\/\b\f\n\r\t""#,
        ] {
            #expect(refusal(text) == "accepted", "\(text)")
        }
    }

    @Test("a fault is named with its byte and its path")
    func faults() {
        #expect(
            refusal(#"{"a":[1,2,{"b":01}]}"#) == "15 $.a[2].b: a number starts with a needless 0")
        #expect(refusal(#"{"a":1,"b":2,"a":3}"#) == #"13 $.b: the key .a stands here twice"#)
        #expect(refusal(#"{"a":1,"\u0061":3}"#).contains("stands here twice"))
        #expect(refusal("[1,2") == "4 $[1]: expected , or ]")
        #expect(refusal("[1,]") == "3 $[1]: expected a value")
        #expect(refusal("[1] x") == "4 $: bytes follow the end of the document")
        #expect(refusal("[-Infinity]") == "1 $[0]: Infinity is not a number of a model")
        #expect(refusal("[Infinity]") == "1 $[0]: Infinity is not a number of a model")
        #expect(refusal(#"["\ud800"]"#) == "2 $[0]: an unpaired surrogate")
        #expect(refusal(#"["\q"]"#) == "2 $[0]: an unknown escape")
        #expect(refusal([0x22, 0xC0, 0x80, 0x22]) == "1 $: invalid UTF-8")
        #expect(refusal([0x22, 0xED, 0xA0, 0x80, 0x22]) == "1 $: invalid UTF-8")
        #expect(refusal([0x22, 0x01, 0x22]) == "1 $: a string holds a control character")
        #expect(refusal("") == "0 $: the file ends where a value is expected")
        #expect(refusal(#"{"a" 1}"#) == "5 $.a: expected : after a key")
        for bad in [
            "+1", "1.", ".5", "1e", "--1", "-NaN", "Na", "tru", "'a'", "{a:1}", "[1 2]", "{,}", "]",
        ] {
            #expect(refusal(bad) != "accepted", "\(bad)")
        }
    }

    @Test("limits hold at their edges")
    func limits() {
        let nested = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(refusal(nested) == "accepted")
        #expect(refusal("[" + nested + "]").contains("nested deeper than 128 levels"))
        #expect(refusal(String(repeating: "[", count: 1_000_000)).contains("nested deeper"))
        let digits = String(repeating: "1", count: 128)
        #expect(refusal(digits) == "accepted")
        #expect(refusal(digits + "1").contains("longer than 128 characters"))
        let keys = (0..<129).map { "\"k\($0)\":0" }
        #expect(refusal("{" + keys.dropLast().joined(separator: ",") + "}") == "accepted")
        #expect(refusal("{" + keys.joined(separator: ",") + "}").contains("more than 128 keys"))
        var small = FormatLimits()
        small.artifactBytes = 4
        small.stringBytes = 2
        #expect(refusal("[1,2]", limits: small).contains("the file has 5 bytes"))
        #expect(refusal(#""ab""#, limits: small).contains("longer than 2 bytes"))
    }

    @Test("a consumer's error names the element")
    func consumer() throws {
        let tape = try JSONTape(Array(#"{"x":{"odd key":[1,2.5,"7"]}}"#.utf8))
        let list = try tape.root.field("x").members()[0].value
        let error = #expect(throws: ModelFileError.self) { try list.integers(in: 0...9) }
        #expect(error?.path == #"$.x["odd key"][1]"#)
        #expect(error?.offset == 19)
        #expect(throws: ModelFileError.self) { try tape.root.field("y") }
        #expect(throws: ModelFileError.self) { try list.field("x") }
    }
}
