//! Functions of Bake's standard library that files commonly call. Calls of others are unknown.

#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the signature of a function is that of the HCL library"
)]

use hcl::Value;
use hcl::eval::{Context, FuncArgs, FuncDef, ParamType};

/// The longest result of a function, in bytes: calls may be nested, and each could multiply the
/// length of its argument.
const MAX_RESULT: usize = 4 << 10;

/// Makes the functions known to expressions.
pub(super) fn declare(context: &mut Context<'_>) {
    let one = [ParamType::String];
    context.declare_func("lower", FuncDef::new(lower, one.clone()));
    context.declare_func("upper", FuncDef::new(upper, one.clone()));
    context.declare_func("trimspace", FuncDef::new(trimspace, one));
    let two = [ParamType::String, ParamType::String];
    context.declare_func("trimprefix", FuncDef::new(trimprefix, two.clone()));
    context.declare_func("trimsuffix", FuncDef::new(trimsuffix, two.clone()));
    context.declare_func("split", FuncDef::new(split, two.clone()));
    let three = [ParamType::String, ParamType::String, ParamType::String];
    context.declare_func("replace", FuncDef::new(replace, three));
    let list = ParamType::array_of(ParamType::String);
    context.declare_func("join", FuncDef::new(join, [ParamType::String, list]));
    let any = [ParamType::Any, ParamType::Any];
    context.declare_func("equal", FuncDef::new(equal, any.clone()));
    context.declare_func("notequal", FuncDef::new(notequal, any));
    context.declare_func("not", FuncDef::new(not, [ParamType::Bool]));
    let lists = FuncDef::builder().variadic_param(ParamType::array_of(ParamType::Any));
    context.declare_func("concat", lists.build(concat));
}

fn text(args: &FuncArgs, at: usize) -> String {
    args.get(at)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn limited(text: String) -> Result<Value, String> {
    if text.len() > MAX_RESULT {
        return Err("the result is too long".to_owned());
    }
    Ok(Value::String(text))
}

fn lower(args: FuncArgs) -> Result<Value, String> {
    limited(text(&args, 0).to_lowercase())
}

fn upper(args: FuncArgs) -> Result<Value, String> {
    limited(text(&args, 0).to_uppercase())
}

fn trimspace(args: FuncArgs) -> Result<Value, String> {
    limited(text(&args, 0).trim().to_owned())
}

fn trimprefix(args: FuncArgs) -> Result<Value, String> {
    let (text, prefix) = (text(&args, 0), text(&args, 1));
    limited(text.strip_prefix(&prefix).unwrap_or(&text).to_owned())
}

fn trimsuffix(args: FuncArgs) -> Result<Value, String> {
    let (text, suffix) = (text(&args, 0), text(&args, 1));
    limited(text.strip_suffix(&suffix).unwrap_or(&text).to_owned())
}

fn split(args: FuncArgs) -> Result<Value, String> {
    let (separator, text) = (text(&args, 0), text(&args, 1));
    if text.len() > MAX_RESULT {
        return Err("the text is too long".to_owned());
    }
    let parts = text
        .split(&separator)
        .map(|part| Value::String(part.to_owned()));
    Ok(Value::Array(parts.collect()))
}

fn replace(args: FuncArgs) -> Result<Value, String> {
    let (text, from, to) = (text(&args, 0), text(&args, 1), text(&args, 2));
    if text.len() > MAX_RESULT || to.len() > MAX_RESULT {
        return Err("the text is too long".to_owned());
    }
    limited(text.replace(&from, &to))
}

fn join(args: FuncArgs) -> Result<Value, String> {
    let separator = text(&args, 0);
    let items = args.get(1).and_then(Value::as_array);
    let mut joined = String::new();
    for (at, item) in items.into_iter().flatten().enumerate() {
        if at > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(item.as_str().unwrap_or_default());
        if joined.len() > MAX_RESULT {
            return Err("the result is too long".to_owned());
        }
    }
    Ok(Value::String(joined))
}

fn equal(args: FuncArgs) -> Result<Value, String> {
    Ok(Value::Bool(args.first() == args.get(1)))
}

fn notequal(args: FuncArgs) -> Result<Value, String> {
    Ok(Value::Bool(args.first() != args.get(1)))
}

fn not(args: FuncArgs) -> Result<Value, String> {
    Ok(Value::Bool(args.first() == Some(&Value::Bool(false))))
}

fn concat(args: FuncArgs) -> Result<Value, String> {
    let mut all = Vec::new();
    for list in args.iter() {
        all.extend(list.as_array().into_iter().flatten().cloned());
        if all.len() > MAX_RESULT {
            return Err("the result is too long".to_owned());
        }
    }
    Ok(Value::Array(all))
}
