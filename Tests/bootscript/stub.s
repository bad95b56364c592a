# A Linux kernel that writes "BOOTED", its name and its command line to the first serial port and ends the
# machine. The 32-bit boot protocol (Documentation/arch/x86/boot.rst) enters it with its parameters at %esi.
.code32
        mov     0x228(%esi), %ebx       # cmd_line_ptr
        call    here
here:   pop     %esi
        add     $(name - here), %esi
        call    puts
        mov     %ebx, %esi
        call    puts
        mov     $'\n', %al
        call    putc
        mov     $0x501, %dx             # QEMU's isa-debug-exit
        xor     %eax, %eax
        out     %eax, %dx
stop:   hlt
        jmp     stop

# Writes the text at %esi.
puts:   mov     (%esi), %al
        inc     %esi
        test    %al, %al
        jz      done
        call    putc
        jmp     puts

# Writes %al to the first serial port, when its transmitter is free.
putc:   mov     %al, %ah
        mov     $0x3fd, %dx
busy:   in      %dx, %al
        test    $0x20, %al
        jz      busy
        mov     %ah, %al
        mov     $0x3f8, %dx
        out     %al, %dx
done:   ret

name:   .asciz  SLOT
