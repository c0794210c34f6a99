//! RSigma on the same rules and events as ours, one thread, a turn at a time as bench/engine/run asks for it:
//!
//!   bench-rsigma [--routed] RULES… -- EVENTS.jsonl…
//!
//! After loading it prints one JSON line, then answers each line of standard input with one JSON line:
//!
//!   engine S          stream S: the first half of its events warms, the second half is measured
//!   pairs S FILE      writes "event rule-id" for every match of every event of stream S to FILE
//!
//! An event costs parsing (serde_json, into the value RSigma takes) and evaluation.  Routed is what its command line
//! calls --schema-routing --logsource-routing, with Sysmon events bound to its own sysmon pipeline.
use std::io::{BufRead, Write};
use std::path::Path;
use std::{env, fs, io, process};

use rsigma_eval::pipeline::builtin::resolve_builtin;
use rsigma_eval::{
    CorrelationConfig, Engine, EvaluationResult, JsonEvent, LogSourceExtractor, MatchDetailLevel, RoutingConfig,
    RoutingPlan, SchemaBinding, SchemaClassifier, SchemaRouter, compile_rule,
};
use rsigma_parser::{SigmaCollection, parse_sigma_directory};
use serde_json::Value;

fn die(what: &str) -> ! {
    eprintln!("bench-rsigma: {what}");
    process::exit(2)
}

fn cpu_seconds() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: t is a timespec of this frame, which the call fills.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
}

enum Peer {
    Plain(Box<Engine>),
    Routed(Box<SchemaRouter>),
}

impl Peer {
    fn new(collection: &SigmaCollection, routed: bool) -> Peer {
        if !routed {
            let mut engine = Engine::new();
            engine.add_collection(collection).unwrap_or_else(|e| die(&e.to_string()));
            return Peer::Plain(Box::new(engine));
        }
        let config = RoutingConfig {
            on_unknown: Default::default(),
            default_pipelines: vec![],
            aliases: Default::default(),
            bindings: vec![SchemaBinding {
                schema: "sysmon".to_string(),
                pipelines: vec!["sysmon".to_string()],
                logsource: None,
            }],
        };
        let plan = RoutingPlan::from_config(&config);
        let sets = plan.pipeline_sets().iter();
        let sets = sets.map(|names| {
            let found = names.iter().map(|name| resolve_builtin(name).and_then(Result::ok));
            found.map(|pipeline| pipeline.unwrap_or_else(|| die("no such pipeline"))).collect()
        });
        let router = SchemaRouter::build(
            collection,
            SchemaClassifier::builtin(),
            plan.clone(),
            sets.collect(),
            CorrelationConfig::default(),
            false,
            MatchDetailLevel::Off,
            Some(LogSourceExtractor::new()),
            true,
        );
        Peer::Routed(Box::new(router.unwrap_or_else(|e| die(&e.to_string()))))
    }

    fn event(&mut self, text: &[u8]) -> Vec<EvaluationResult> {
        let Ok(value) = serde_json::from_slice::<Value>(text) else { return vec![] };
        match self {
            Peer::Plain(engine) => engine.evaluate(&JsonEvent::borrow(&value)),
            Peer::Routed(router) => router.route(&JsonEvent::borrow(&value)).results,
        }
    }
}

struct Stream(Vec<u8>);

impl Stream {
    fn lines(&self) -> Vec<&[u8]> {
        self.0.split(|&b| b == b'\n').filter(|line| !line.is_empty()).collect()
    }
}

fn turn(peer: &mut Peer, stream: &Stream) -> String {
    let lines = stream.lines();
    let half = lines.len() / 2;
    let mut run = |lines: &[&[u8]]| lines.iter().map(|line| peer.event(line).len()).sum::<usize>();
    run(&lines[..half]);
    let start = cpu_seconds();
    let matches = run(&lines[half..]);
    let ns = (cpu_seconds() - start) * 1e9;
    format!("{{\"ns\":{ns:.0},\"events\":{},\"matches\":{matches}}}", lines.len() - half)
}

fn pairs(peer: &mut Peer, stream: &Stream, path: &str) -> io::Result<String> {
    let mut file = io::BufWriter::new(fs::File::create(path)?);
    let mut n = 0;
    for (number, line) in stream.lines().iter().enumerate() {
        for result in peer.event(line) {
            let header = &result.header;
            writeln!(file, "{number} {}", header.rule_id.as_deref().unwrap_or(&header.rule_title))?;
            n += 1;
        }
    }
    file.flush()?;
    Ok(format!("{{\"pairs\":{n}}}"))
}

fn main() {
    let (mut collection, mut streams, mut routed, mut rules) = (SigmaCollection::new(), vec![], false, true);
    let start = cpu_seconds();
    for arg in env::args().skip(1) {
        match arg.as_str() {
            "--" => rules = false,
            "--routed" => routed = true,
            path if rules => match parse_sigma_directory(Path::new(path)) {
                Ok(found) => collection.rules.extend(found.rules),
                Err(e) => die(&format!("{path}: {e}")),
            },
            path => streams.push(Stream(fs::read(path).unwrap_or_else(|e| die(&format!("{path}: {e}"))))),
        }
    }
    let parsed = collection.rules.len();
    collection.rules.retain(|rule| compile_rule(rule).is_ok());
    if streams.is_empty() || collection.rules.is_empty() {
        die("usage: [--routed] RULES… -- EVENTS.jsonl…, with rules that it can read");
    }
    let (n, mut peer) = (collection.rules.len(), Peer::new(&collection, routed));
    drop(collection);
    println!("{{\"rules\":{n},\"refused\":{},\"load_cpu_s\":{:.3}}}", parsed - n, cpu_seconds() - start);
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let stream = |word: &str| word.parse().ok().and_then(|i: usize| streams.get(i));
        let answer = match words[..] {
            ["engine", s] => stream(s).map(|stream| Ok(turn(&mut peer, stream))),
            ["pairs", s, path] => stream(s).map(|stream| pairs(&mut peer, stream, path)),
            _ => None,
        };
        match answer {
            Some(Ok(answer)) => println!("{answer}"),
            Some(Err(e)) => die(&format!("{line}: {e}")),
            None => die(&format!("not understood: {line}")),
        }
    }
}
