#include "engine/sigma/load_fixture.h"

#define IS(key, value, want) assert_string_equal(vd_item_words(key, value), want)

VD_TEST(a_plain_text_is_compared_whole)
{
	IS("F", "abc", "'abc'");
	IS("F", "'a b '", "'a b '");
	IS("F", "''", "''");
}

VD_TEST(wildcards_are_tokens_and_backslashes_follow_the_five_rules)
{
	IS("F", "'*\\cmd.exe'", "*'\\cmd.exe'");
	IS("F", "'prog?.exe'", "'prog'?'.exe'");
	IS("F", "'C:\\\\Temp\\a'", "'C:\\Temp\\a'");
	IS("F", "'a\\*b\\?'", "'a*b?'");
	IS("F", "'C:\\dir\\\\*'", "'C:\\dir\\'*");
	IS("F", "'C:\\dir\\\\\\*'", "'C:\\dir\\*'");
	IS("F", "'\\\\\\\\srv\\share'", "'\\\\srv\\share'");
	IS("F", "'\\\\srv\\share'", "'\\srv\\share'");
	IS("F", "'\\\\\\x'", "'\\\\x'");
	IS("F", "'end\\'", "'end\\'");
	IS("F", "'\\\\\\\\\\*\\\\IPC$'", "'\\\\*\\IPC$'");
	IS("F", "'a**b'", "'a'*'b'");
	IS("F", "'?\?'", "?\?");
}

VD_TEST(contains_startswith_and_endswith_add_wildcards_once)
{
	IS("F|contains", "abc", "*'abc'*");
	IS("F|startswith", "abc", "'abc'*");
	IS("F|endswith", "abc", "*'abc'");
	IS("F|contains", "'*abc*'", "*'abc'*");
	IS("F|contains", "''", "*");
	IS("F|startswith|endswith", "abc", "*'abc'*");
	IS("F|contains", "'a\\*'", "*'a*'*");
}

VD_TEST(numbers_and_booleans_are_their_text)
{
	IS("F", "4688", "'4688'");
	IS("F", "'4688'", "'4688'");
	IS("F|startswith", "46", "'46'*");
	IS("F", "10.0", "'10.0'");
	IS("F", "+5", "'5'");
	IS("F", ".5", "'0.5'");
	IS("F", "5.", "'5'");
	IS("F", "04688", "'04688'");
	IS("F", "1e5", "'1e5'");
	IS("F", "True", "'true'");
	IS("F", "'True'", "'True'");
	IS("F", "false", "'false'");
	IS("F", "yes", "'yes'");
	IS("F", "2020-01-01", "'2020-01-01'");
	IS("F", "-7", "'-7'");
}

VD_TEST(a_hexadecimal_number_is_decimal_and_said_to_be)
{
	IS("F", "0x10", "degraded number-hex: '16'");
	IS("F", "0o17", "degraded number-hex: '15'");
	IS("F", "'0x10'", "'0x10'");
}

VD_TEST(null_is_absence_and_not_the_empty_text)
{
	IS("F", "null", "null");
	IS("F", "~", "null");
	IS("F", "", "null");
	IS("F", "'null'", "'null'");
	IS("F|neq", "null", "not null");
	IS("F", "[a, null]", "degraded null-in-list: 'a', null");
	IS("F|contains", "null", "rejected value-type");
	IS("F", "[]", "rejected value-empty");
}

VD_TEST(lists_are_alternatives_unless_all)
{
	IS("F", "[a, b]", "'a', 'b'");
	IS("F|all", "[a, b]", "all 'a', 'b'");
	IS("F|contains|all", "[a, b]", "all *'a'*, *'b'*");
	IS("F|all|contains", "[a, b]", "all *'a'*, *'b'*");
	IS("F|contains|all", "[a]", "degraded all-single: all *'a'*");
	IS("F|contains|all", "a", "degraded all-single: all *'a'*");
}

VD_TEST(neq_negates_the_item_wherever_it_stands)
{
	IS("F|neq", "[80, 443]", "not '80', '443'");
	IS("F|contains|neq", "a", "not *'a'*");
	IS("F|neq|contains", "a", "not *'a'*");
	IS("F|cidr|neq", "10.0.0.0/8", "not cidr ::ffff:10.0.0.0/104");
	IS("F|re|neq", "a+", "not re/a+/");
	IS("F|fieldref|neq", "G", "not ref G");
	IS("F|hour|neq", "3", "not hour eq 3");
}

VD_TEST(cased_is_kept_with_wildcards)
{
	IS("F|cased", "Foo", "cased 'Foo'");
	IS("F|contains|cased", "Foo", "cased *'Foo'*");
	IS("F|cased|startswith", "'F*o'", "cased 'F'*'o'*");
}

VD_TEST(windash_marks_the_dashes_that_begin_a_word)
{
	IS("F|windash", "'-param-name'", "~'param-name'");
	IS("F|windash", "'start/b'", "'start/b'");
	IS("F|contains|windash", "' -enc '", "*' '~'enc '*");
	IS("F|windash|contains", "' /c '", "*' '~'c '*");
	IS("F|windash", "'--x'", "'-'~'x'");
	IS("F|windash", "'-a -b'", "~'a '~'b'");
	IS("F|windash", "'\xe2\x80\x93x \xe2\x80\x94y \xe2\x80\x95z'", "~'x '~'y '~'z'");
	IS("F|windash", "'-\xc3\xa9'", "~'\xc3\xa9'");
	IS("F|windash", "'\xc3\xa9-x'", "'\xc3\xa9-x'");
	IS("F|windash", "'a - b'", "'a - b'");
	IS("F|windash", "'*-x'", "*~'x'");
	IS("F|windash|contains|all", "['-a', 'b']", "all *~'a'*, *'b'*");
}

VD_TEST(base64_encodes_the_unescaped_bytes)
{
	IS("F|base64", "cmd", "'Y21k'");
	IS("F|base64|contains", "whoami", "*'d2hvYW1p'*");
	IS("F|base64", "'a\\*b'", "'YSpi'");
	IS("F|base64", "'\xc3\xa9'", "'w6k='");
	IS("F|base64", "'a*b'", "rejected value-wildcard");
	IS("F|base64offset", "'a?'", "rejected value-wildcard");
	IS("F|contains|base64", "a", "rejected modifier-chain");
}

VD_TEST(base64offset_gives_the_characters_that_are_certain)
{
	IS("F|base64offset|contains", "'http://'", "*'aHR0cDovL'* | *'h0dHA6Ly'* | *'odHRwOi8v'*");
	IS("F|base64offset|contains", "'\xc3\xa9:x'", "*'w6k6e'* | *'OpOn'* | *'DqTp4'*");
	/* one byte at offset 1 has no character of its own: looking for nothing would find everything */
	IS("F|base64offset|contains", "'a'", "*'Y'* | *'h'*");
	IS("F|base64offset|contains", "''", "rejected value-empty");
}

VD_TEST(utf16_comes_before_base64)
{
	IS("F|wide|base64", "cmd", "'YwBtAGQA'");
	IS("F|utf16le|base64", "cmd", "'YwBtAGQA'");
	IS("F|utf16be|base64", "cmd", "'AGMAbQBk'");
	IS("F|utf16|base64", "cmd", "'//5jAG0AZAA='");
	IS("F|wide|base64", "'\xc3\xa9'", "'6QA='");
	IS("F|wide|base64", "'\xf0\x9f\x98\x80'", "'PdgA3g=='");
}

VD_TEST(utf16_alone_leaves_wildcards_alone)
{
	IS("F|wide", "'a*'", "'a\\x00'*");
	IS("F|wide|contains", "ab", "*'a\\x00b\\x00'*");
	IS("F|utf16be", "'a?b'", "'\\x00a'?'\\x00b'");
}

VD_TEST(dashes_are_written_out_before_an_encoding)
{
	IS("F|windash|base64", "'-a'", "'LWE=' | 'L2E=' | '4oCTYQ==' | '4oCUYQ==' | '4oCVYQ=='");
	IS("F|windash|base64", "'-a -b -c -d -e -f'", "rejected limit");
}

VD_TEST(regular_expressions_stay_raw)
{
	IS("F|re", "'foo[0-9]+'", "re/foo[0-9]+/");
	IS("F|re", "'^\\\\\\\\srv\\\\[a-z]+\\*$'", "re/^\\\\\\\\srv\\\\[a-z]+\\*$/");
	IS("F|re|i", "'^foo.$'", "re/^foo.$/i");
	IS("F|re|i|m|s", "a", "re/a/ims");
	IS("F|re|ignorecase|multiline|dotall", "a", "re/a/ims");
	IS("F|re|contains", "a", "re/a/");
	IS("F|re|startswith", "'a|b'", "re/\\A(?:a|b)/");
	IS("F|re|endswith", "'a|b'", "re/(?:a|b)\\z/");
	IS("F|re", "'(?i)\\s\\d\\w(?:x)+?\\b'", "re/(?i)\\s\\d\\w(?:x)+?\\b/");
	IS("F|re", "123", "re/123/");
	IS("F|re|all", "[a, b]", "all re/a/, re/b/");
}

VD_TEST(a_broken_regular_expression_is_rejected_at_load)
{
	IS("F|re", "'a(b'", "rejected regex-invalid");
	IS("F|re", "'[z-a]'", "rejected regex-invalid");
	IS("F|re", "null", "rejected value-type");
}

VD_TEST(networks_of_both_families_with_host_bits_masked)
{
	IS("F|cidr", "10.0.0.0/8", "cidr ::ffff:10.0.0.0/104");
	IS("F|cidr", "2001:db8::/32", "cidr 2001:db8::/32");
	IS("F|cidr", "'::1'", "cidr ::1/128");
	IS("F|cidr", "192.168.0.1", "cidr ::ffff:192.168.0.1/128");
	IS("F|cidr", "10.1.2.3/8", "degraded cidr-host-bits: cidr ::ffff:10.0.0.0/104");
	IS("F|cidr", "0.0.0.0/0", "cidr ::ffff:0.0.0.0/96");
	IS("F|cidr", "10.0.0.0/33", "rejected cidr-invalid");
	IS("F|cidr", "10.0.0/8", "rejected cidr-invalid");
	IS("F|cidr", "'10.0.0.0/'", "rejected cidr-invalid");
	IS("F|cidr", "'10.0.0.0/-1'", "rejected cidr-invalid");
	IS("F|cidr", "'::1/129'", "rejected cidr-invalid");
	IS("F|cidr", "somewhere", "rejected cidr-invalid");
	IS("F|cidr", "''", "rejected cidr-invalid");
}

VD_TEST(numeric_comparisons_take_plain_numbers_only)
{
	IS("F|lt", "5", "lt 5");
	IS("F|lte", "-2.5", "lte -2.5");
	IS("F|gt", "0x10", "gt 16");
	IS("F|gte", "1e3", "gte 1000");
	IS("F|gt", "[1, 2]", "gt 1, gt 2");
	IS("F|gt", "big", "rejected value-type");
	IS("F|gt", "'100'", "rejected value-type");
	IS("F|gt", "null", "rejected value-type");
	IS("F|gt", ".inf", "rejected value-type");
	IS("F|gt", "true", "rejected value-type");
	IS("F|gt|lt", "5", "rejected modifier-chain");
	IS("F|contains|gt", "5", "rejected modifier-chain");
	IS("F|gt|neq", "5", "not gt 5");
}

VD_TEST(parts_of_a_time_may_be_compared_afterwards)
{
	IS("F|hour", "3", "hour eq 3");
	IS("F|minute|lt", "30", "minute lt 30");
	IS("F|day|lte", "7", "day lte 7");
	IS("F|week|gt", "52", "week gt 52");
	IS("F|month", "[1, 12]", "month eq 1, month eq 12");
	IS("F|year|gte", "2020", "year gte 2020");
	IS("F|gte|hour", "3", "rejected modifier-chain");
	IS("F|hour", "three", "rejected value-type");
	IS("F|hour", "24", "degraded value-range: hour eq 24");
	IS("F|month", "0", "degraded value-range: month eq 0");
	IS("F|hour", "1.5", "degraded value-range: hour eq 1.5");
}

VD_TEST(exists_takes_a_boolean)
{
	IS("F|exists", "true", "exists");
	IS("F|exists", "False", "absent");
	IS("F|exists", "yes", "exists");
	IS("F|exists", "'true'", "rejected value-type");
	IS("F|exists", "1", "rejected value-type");
	IS("F|exists", "null", "rejected value-type");
	IS("F|contains|exists", "true", "rejected modifier-chain");
	IS("F|exists|contains", "true", "rejected modifier-chain");
}

VD_TEST(fieldref_combines_in_either_order)
{
	IS("F|fieldref", "G", "ref G");
	IS("F|fieldref|contains", "G", "ref contains G");
	IS("F|contains|fieldref", "G", "ref contains G");
	IS("F|startswith|fieldref", "G", "ref starts G");
	IS("F|fieldref|endswith", "G", "ref ends G");
	IS("F|neq|fieldref|endswith", "G", "not ref ends G");
	IS("F|fieldref", "'Source Name'", "ref SourceName");
	IS("F|fieldref", "''", "rejected value-type");
	IS("F|fieldref", "null", "rejected value-type");
	IS("F|base64|fieldref", "G", "rejected modifier-chain");
}

VD_TEST(expand_alone_makes_placeholders)
{
	IS("F", "'%AppData%\\\\x'", "'%AppData%\\x'");
	IS("F|expand", "'100% sure, 5 %'", "'100% sure, 5 %'");
	IS("F|expand", "'\\%name\\%'", "'%name%'");
	IS("F|expand", "'%%'", "'%%'");
	IS("F|expand", "'%nobody%'", "rejected placeholder-unknown");
	IS("F|expand|gt", "5", "rejected modifier-chain");
	IS("F|gt|expand", "5", "rejected modifier-chain");
}

VD_TEST(impossible_chains_are_rejected_with_their_place)
{
	IS("F|no_such", "a", "rejected modifier-unknown");
	IS("F|", "a", "rejected modifier-unknown");
	IS("F|Contains", "a", "rejected modifier-unknown");
	IS("F|i", "a", "rejected modifier-chain");
	IS("F|contains|re", "a", "rejected modifier-chain");
	IS("F|re|base64", "a", "rejected modifier-chain");
	IS("F|re|cased", "a", "rejected modifier-chain");
	IS("F|re|cidr", "a", "rejected modifier-chain");
	IS("F|cidr|contains", "10.0.0.0/8", "rejected modifier-chain");
	IS("F|cased|re", "a", "rejected modifier-chain");
	IS("F|windash|re", "a", "rejected modifier-chain");
	IS("F|all|all|all|all|all|all|all|all|all|all|all|all|all|all|all|all|all", "[a, b]",
		"rejected limit");
}

VD_TEST(values_are_single)
{
	IS("F", "{a: b}", "rejected value-type");
	IS("F", "[[a]]", "rejected value-type");
	IS("F", "[{a: b}]", "rejected value-type");
}

VD_TEST(keywords_are_looked_for_anywhere)
{
	IS("''", "abc", "*'abc'*");
	IS("'|all'", "[a, b]", "all *'a'*, *'b'*");
	IS("'|contains'", "a", "*'a'*");
	IS("'|startswith'", "a", "'a'*");
	IS("'|re'", "a+", "re/a+/");
	IS("'|base64offset|contains'", "abc", "*'YWJj'* | *'FiY'* | *'hYm'*");
	IS("'|exists'", "true", "rejected modifier-chain");
	IS("'|gt'", "5", "rejected modifier-chain");
	IS("'|fieldref'", "G", "rejected modifier-chain");
	IS("'|all'", "[a, null]", "rejected value-type");
}

VD_TEST(blanks_in_field_names_are_taken_out)
{
	assert_string_equal(
		vd_condition_words("{sel: {'Source Name': x, ' B |contains': y}, condition: sel}"),
		"sel:(SourceName='x' and B=*'y'*)");
}
